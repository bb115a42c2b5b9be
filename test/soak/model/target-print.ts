/** What is compared of a target: as its source made it, and as a reader came to know it. */
export interface ShownTarget {
  readonly name: string;
  /** `SERVER` or `JOB`. */
  readonly type: string;
  /** As GraphQL names it: `READY`. */
  readonly phase: string;
  /** What tells one state of a phase from the next: a reason, an error or a time; empty where there is none. */
  readonly stamp: string;
}

/** A target as a number of 32 bits (FNV-1a). */
export function printOf({ name, type, phase, stamp }: ShownTarget): number {
  const text = `${name} ${type} ${phase} ${stamp}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** The print of a set with one member more: sums do not care for the order, and are kept up to date one by one. */
export function withPrint(sum: number, print: number): number {
  return (sum + print) >>> 0;
}

/** The print of a set with one member less. */
export function withoutPrint(sum: number, print: number): number {
  return (sum - print) >>> 0;
}
