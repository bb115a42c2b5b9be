import type { TargetFields, TargetPhase } from './generated.js';

/** A target that stands in the way of a Session's being good. */
export interface Blocker {
  readonly target: TargetFields;
  /** One line for a person: `api:serve: running, not ready`. */
  readonly why: string;
  /** Start of its phase (RFC 3339): `Target.since`. */
  readonly since: string;
}

/**
 * The targets that stand in the way: those that failed first, then those that are tried again, that run and are not ready or
 * not done, and that wait; by name within each. It is Tilt's own rule: what is inactive or disabled does not count.
 */
export function blockersOf({ targets }: { readonly targets: ReadonlyMap<string, TargetFields> }): Blocker[] {
  return BLOCKING.flatMap((phase) => [...targets.values()].filter((target) => target.phase === phase)).map(
    (target) => ({ target, why: whyOf(target), since: target.since }),
  );
}

const BLOCKING: readonly TargetPhase[] = ['FAILED', 'RETRYING', 'RUNNING', 'WAITING'];

function whyOf({ name, phase, state }: TargetFields): string {
  const summary = state?.summary ?? phase.toLowerCase();
  return `${name}: ${summary.replace(/\s+/g, ' ').trim()}`;
}
