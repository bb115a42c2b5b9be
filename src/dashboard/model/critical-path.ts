import type { Stretch } from './stretches.js';

/** A run of a target that came to its end: a job that finished, a server that became ready. */
export interface Run {
  readonly target: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
}

/** A link of the chain that determined the end. */
export interface PathStep extends Run {
  /** How long after the end of the step before it began, in milliseconds; 0 for the first. */
  readonly gap: number;
}

/** Clocks are read at slightly different moments: a run may seem to begin this long before what it waited for ended. */
const TOLERANCE_MS = 5;

/** The runs among a target's stretches that came to their end. */
export function runsOf(target: string, stretches: readonly Stretch[]): Run[] {
  return stretches.flatMap(({ kind, start, end, outcome }) =>
    kind === 'running' && end !== null && outcome !== 'off' ? [{ target, start, end }] : [],
  );
}

/**
 * The chain of runs that determined the end: from the one that ended last, back to what ended right before each began.
 * In the order in which they ran. Empty without any run.
 *
 * @param last the names of targets of which one is the last, such as those that failed; empty for any
 */
export function criticalPath(runs: readonly Run[], last: readonly string[] = []): PathStep[] {
  const byEnd = runs.toSorted((a, b) => b.end - a.end || b.start - a.start);
  const path: Run[] = [];
  let step = byEnd.find(({ target }) => last.includes(target)) ?? byEnd[0];
  while (step) {
    path.unshift(step);
    const { start } = step;
    step = byEnd.find((run) => run.end <= start + TOLERANCE_MS && run.start < start);
  }
  return path.map((run, index) => {
    const before = path[index - 1];
    return { ...run, gap: before ? Math.max(0, run.start - before.end) : 0 };
  });
}
