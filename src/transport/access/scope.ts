/** What of the Sessions someone may see. */
export interface Scope {
  /** Tells scopes apart: who has the same may share answers. Empty for everyone's. Has no line break. */
  readonly key: string;
  /** Globs of which one must match a Session's instance. Null: everything is seen. */
  readonly instances: readonly string[] | null;
}

/** Everything may be seen. */
export const EVERYTHING: Scope = { key: '', instances: null };

/** The scope of some instances. */
export function scopeOf(instances: readonly string[]): Scope {
  const globs = [...new Set(instances)].sort();
  return globs.includes('*') ? EVERYTHING : { key: JSON.stringify(globs), instances: globs };
}
