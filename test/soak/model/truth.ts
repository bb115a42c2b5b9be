/** What is true of a Session at one of its versions. */
export interface Version {
  /** `<uid>/<resourceVersion>`. */
  readonly key: string;
  /** The prints of its targets, one sum for each of `TARGET_FILTERS`. */
  readonly sums: readonly number[];
  /** See {@link countsText}. */
  readonly counts: string;
}

/** What the sources say, while they stand still. */
export interface Truth {
  /** Every version there was since the last time. */
  readonly versions: readonly Version[];
  /** The newest version of each Session there is, by id. */
  readonly newest: Readonly<Record<string, Version>>;
}

/** The phases, in the order of {@link countsText}. */
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

/** What a target is doing, in one word. */
export type Phase = (typeof PHASES)[number];

/** How many targets are in each phase, as one text. */
export function countsText(countOf: (phase: Phase) => number): string {
  return PHASES.map(countOf).join(' ');
}

/** Whether a {@link countsText} has any in a phase. */
export function hasAny(counts: string, phase: Phase): boolean {
  return counts.split(' ')[PHASES.indexOf(phase)] !== '0';
}

/** What `Version.key` is of a Session's metadata. */
export function versionKey({ uid, resourceVersion }: { uid: unknown; resourceVersion: unknown }): string {
  return `${uid}/${resourceVersion}`;
}
