/** Properties of a target that are compared: between the model and what a reader received. */
export interface ComparedTarget {
  readonly name: string;
  /** `SERVER` or `JOB`. */
  readonly type: string;
  /** Phase in the notation of GraphQL, such as `READY`. */
  readonly phase: string;
  /**
   * Distinguishes two states of the same phase: a reason, an error or a time. Empty if there is no such
   * value.
   */
  readonly detail: string;
}

/** Hashes a target to 32 bits (FNV-1a). */
export function fingerprint({ name, type, phase, detail }: ComparedTarget): number {
  const text = `${name} ${type} ${phase} ${detail}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * Adds a member to the fingerprint of a set. Sums do not depend on the order and can be updated one member at
 * a time.
 */
export function addFingerprint(sum: number, hash: number): number {
  return (sum + hash) >>> 0;
}

/** Removes a member from the fingerprint of a set. */
export function removeFingerprint(sum: number, hash: number): number {
  return (sum - hash) >>> 0;
}
