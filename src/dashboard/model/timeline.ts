import { targetKey } from '../../client/changes.js';
import { clockOffsetOf } from './marks.js';
import { type Stretch, stretchesOf } from './stretches.js';
import { parseTime } from './time.js';
import type { Session, Target } from './types.js';

/** A target's line of the timeline. */
export interface Line {
  /** The target's key: its name, or `name#2` for the second one of that name. */
  readonly name: string;
  readonly stretches: readonly Stretch[];
}

/** What the timeline of a Session shows. */
interface TimelineData {
  /** In the order in which they began to run; those that have not, last. */
  readonly lines: readonly Line[];
  /** The chain that determined the end of a `tilt ci`; empty while there is no end. */
  readonly path: readonly PathStep[];
  /** The beginning of all, in milliseconds since 1970; null while nothing has begun. */
  readonly origin: number | null;
}

/** The timeline of a Session with its targets. A target that is the same object as before has the same line as before. */
export function timelineOf({ status }: Pick<Session, 'status'>, targets: readonly Target[]): TimelineData {
  const offset = clockOffsetOf(targets.map(({ history }) => history));
  const lines = targets.map((target) => lineOf(target, offset));
  const runs = lines.flatMap(({ name, stretches }) => runsOf(name, stretches));
  const failed = targets.filter(({ phase }) => phase === 'FAILED').map(targetKey);
  const starts = lines.flatMap(({ stretches }) => stretches.slice(0, 1).map(({ start }) => start));
  const origin = Math.min(parseTime(status.startTime) ?? Number.POSITIVE_INFINITY, ...starts);
  return {
    lines: lines.toSorted((a, b) => beginOf(a) - beginOf(b) || (a.name < b.name ? -1 : 1)),
    path: status.done ? criticalPath(runs, failed) : [],
    origin: Number.isFinite(origin) ? origin : null,
  };
}

/** Whether what a line shows goes on. */
export function isOpen({ stretches }: Line): boolean {
  return stretches.at(-1)?.end === null;
}

// Of each target's newest state: a line is worked out again only when its target has changed.
const known = new WeakMap<Target, { readonly offset: number; readonly line: Line }>();

function lineOf(target: Target, offset: number): Line {
  const before = known.get(target);
  if (before?.offset === offset) return before.line;
  const line = { name: targetKey(target), stretches: stretchesOf(target, offset) };
  known.set(target, { offset, line });
  return line;
}

function beginOf({ stretches }: Line): number {
  return stretches.find(({ kind }) => kind !== 'waiting')?.start ?? Number.MAX_VALUE;
}

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
