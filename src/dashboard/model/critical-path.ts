import type { RecordedBlockers } from './blockers.js';
import type { Segment } from './segments.js';

/** A completed run of a target: a job that finished, or a server that became ready. */
export interface TargetRun {
  readonly target: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
}

/** A step of the critical path. */
export interface PathStep extends TargetRun {
  /**
   * Time between the end of the previous step and the start of this one, in milliseconds; 0 for the first.
   */
  readonly gap: number;
}

/** Clocks are read at slightly different moments: a run may start this long before its predecessor ended. */
const TOLERANCE_MS = 5;

/** Lists the completed runs of a target. */
export function listRuns(target: string, segments: readonly Segment[]): TargetRun[] {
  return segments.flatMap(({ kind, start, end, outcome }) =>
    kind === 'running' && end !== null && outcome !== 'off' ? [{ target, start, end }] : [],
  );
}

/**
 * Tolerance for a recorded blocker, in milliseconds: it is known to have ended first, but its end may be the
 * time at which the gateway observed it.
 */
const BLOCKER_TOLERANCE_MS = 1_000;

/**
 * Finds the chain of runs that determined the end: from the run that ended last, back to the blocker that
 * ended last before each one started. For a target without recorded blockers, it is any run that ended right
 * before. In order of time.
 *
 * @param last targets of which one must be the last, such as the failed ones; empty for any
 * @param blockers who blocked each target, as far as it was recorded
 */
export function findCriticalPath(
  runs: readonly TargetRun[],
  last: readonly string[] = [],
  blockers: RecordedBlockers = new Map(),
): PathStep[] {
  const byEnd = runs.toSorted((a, b) => b.end - a.end || b.start - a.start);
  const path: TargetRun[] = [];
  let step = byEnd.find(({ target }) => last.includes(target)) ?? byEnd[0];
  while (step) {
    path.unshift(step);
    const { start, target } = step;
    const known = blockers.get(target);
    const endedBefore = (tolerance: number) => (run: TargetRun) =>
      run.end <= start + tolerance && run.start < start;
    step =
      byEnd.filter((run) => known?.has(run.target)).find(endedBefore(BLOCKER_TOLERANCE_MS)) ??
      byEnd.find(endedBefore(TOLERANCE_MS));
  }
  return path.map((run, index) => {
    const before = path[index - 1];
    return { ...run, gap: before ? Math.max(0, run.start - before.end) : 0 };
  });
}
