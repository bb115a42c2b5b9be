import type { ShownTarget } from './target-print.js';

/** A filter of targets, as a client gives it and as it is meant. */
export interface TargetFilter {
  /** What goes in `where`; null for none. */
  readonly where: Readonly<Record<string, unknown>> | null;
  readonly matches: (target: ShownTarget) => boolean;
}

/** The filters that readers use; the first takes everything. */
export const TARGET_FILTERS: readonly TargetFilter[] = [
  { where: null, matches: () => true },
  { where: { type: ['SERVER'], name: '*1:*' }, matches: isServerOfOne },
  { where: { phase: ['FAILED', 'RETRYING', 'WAITING'] }, matches: ({ phase }) => IN_TROUBLE.has(phase) },
];

/** A server the number of which ends in a 1. */
function isServerOfOne({ type, name }: ShownTarget): boolean {
  return type === 'SERVER' && name.includes('1:');
}

const IN_TROUBLE: ReadonlySet<string> = new Set(['FAILED', 'RETRYING', 'WAITING']);
