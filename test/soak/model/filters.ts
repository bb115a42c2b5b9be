import type { ComparedTarget } from './fingerprint.js';

/** A filter of targets: the GraphQL argument, and the same condition as a function. */
export interface TargetFilter {
  /** Value of `where`; null for no filter. */
  readonly where: Readonly<Record<string, unknown>> | null;
  readonly matches: (target: ComparedTarget) => boolean;
}

/** Filters that readers use. The first matches everything. */
export const TARGET_FILTERS: readonly TargetFilter[] = [
  { where: null, matches: () => true },
  { where: { type: ['SERVER'], name: '*1:*' }, matches: isServerOfOne },
  { where: { phase: ['FAILED', 'RETRYING', 'WAITING'] }, matches: ({ phase }) => IN_TROUBLE.has(phase) },
];

/** Whether the target is a server whose number ends in 1. */
function isServerOfOne({ type, name }: ComparedTarget): boolean {
  return type === 'SERVER' && name.includes('1:');
}

const IN_TROUBLE: ReadonlySet<string> = new Set(['FAILED', 'RETRYING', 'WAITING']);
