import { targetKey } from '../../client/target-key.js';
import { criticalPath, type PathStep, runsOf } from './critical-path.js';
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
export interface TimelineData {
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
