import { TARGET_FILTERS } from '../model/filters.js';
import { printOf, type ShownTarget, withoutPrint, withPrint } from '../model/target-print.js';
import { countsText, type Phase, type Version } from '../model/truth.js';

/** A Session's sums and counts, kept up to date target by target. */
export interface Tally {
  add(target: ShownTarget): void;
  remove(target: ShownTarget): void;
  read(): Omit<Version, 'key'>;
}

/** Of no targets. */
export function createTally(): Tally {
  let sums = TARGET_FILTERS.map(() => 0);
  const counts = new Map<string, number>();

  return {
    add: (target) => change(target, withPrint, 1),
    remove: (target) => change(target, withoutPrint, -1),
    read: () => ({ sums, counts: countsText((phase: Phase) => counts.get(phase) ?? 0) }),
  };

  function change(target: ShownTarget, apply: (sum: number, print: number) => number, step: number): void {
    const print = printOf(target);
    sums = sums.map((sum, index) => (TARGET_FILTERS[index]?.matches(target) ? apply(sum, print) : sum));
    counts.set(target.phase, (counts.get(target.phase) ?? 0) + step);
  }
}
