import { TARGET_FILTERS } from '../model/filters.js';
import { addFingerprint, type ComparedTarget, fingerprint, removeFingerprint } from '../model/fingerprint.js';
import { countsText, type Phase, type Version } from '../model/model-state.js';

/** Sums and counts of a session, updated target by target. */
export interface Totals {
  add(target: ComparedTarget): void;
  remove(target: ComparedTarget): void;
  read(): Omit<Version, 'key'>;
}

/** Creates the totals of an empty session. */
export function createTotals(): Totals {
  let sums = TARGET_FILTERS.map(() => 0);
  const counts = new Map<string, number>();

  return {
    add: (target) => change(target, addFingerprint, 1),
    remove: (target) => change(target, removeFingerprint, -1),
    read: () => ({ sums, counts: countsText((phase: Phase) => counts.get(phase) ?? 0) }),
  };

  function change(target: ComparedTarget, apply: (sum: number, hash: number) => number, step: number): void {
    const hash = fingerprint(target);
    sums = sums.map((sum, index) => (TARGET_FILTERS[index]?.matches(target) ? apply(sum, hash) : sum));
    counts.set(target.phase, (counts.get(target.phase) ?? 0) + step);
  }
}
