/** Expected content of a session at one version. */
export interface Version {
  /** `<uid>/<resourceVersion>`. */
  readonly key: string;
  /** Fingerprints of its targets, one sum for each of `TARGET_FILTERS`. */
  readonly sums: readonly number[];
  /** Number of targets in each phase; see {@link countsText}. */
  readonly counts: string;
}

/** Expected state of all sessions while the Tilts are idle. */
export interface ModelState {
  /** All versions since the previous model state. */
  readonly versions: readonly Version[];
  /** Newest version of each existing session, by id. */
  readonly newest: Readonly<Record<string, Version>>;
}

/** Phases in the order of {@link countsText}. */
export const PHASES = [
  'INACTIVE',
  'DISABLED',
  'WAITING',
  'RUNNING',
  'READY',
  'SUCCEEDED',
  'FAILED',
  'RETRYING',
] as const;

/** Phase of a target. */
export type Phase = (typeof PHASES)[number];

/** Number of targets in each phase, as text. */
export function countsText(countOf: (phase: Phase) => number): string {
  return PHASES.map(countOf).join(' ');
}

/** Whether a {@link countsText} has targets in a phase. */
export function hasAny(counts: string, phase: Phase): boolean {
  return counts.split(' ')[PHASES.indexOf(phase)] !== '0';
}

/** `Version.key` of a session's metadata. */
export function versionKey({ uid, resourceVersion }: { uid: unknown; resourceVersion: unknown }): string {
  return `${uid}/${resourceVersion}`;
}
