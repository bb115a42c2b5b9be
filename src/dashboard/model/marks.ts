import { parseTime } from './time.js';
import type { State, Transition } from './types.js';

/** What a target came to, and when. */
export interface Mark {
  readonly kind: 'waiting' | 'running' | 'ready' | 'succeeded' | 'failed' | 'retrying' | 'off';
  /** Milliseconds since 1970, by Tilt's clock. */
  readonly at: number;
  /** Whether Tilt itself said so; else it is when the gateway saw it. */
  readonly isExact: boolean;
}

/**
 * How far the gateway's clock is ahead of Tilt's, in milliseconds: negative where it is behind. What a target was first
 * seen in may have been so for long; only what came after tells, and what of that took least on its way. 0 while nothing
 * tells, and for less than a second: that is the way of the news rather than a clock.
 */
export function clockOffsetOf(histories: Iterable<readonly Transition[]>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const history of histories) {
    for (const { time, state } of history.slice(1)) {
      const [seen, exact] = [parseTime(time), newestTimeOf(state)];
      if (seen !== null && exact !== null) least = Math.min(least, seen - exact);
    }
  }
  if (!Number.isFinite(least) || Math.abs(least) < SMALLEST_MS) return 0;
  // Not as exact as it could be, so that it stays the same for as long as the clocks do.
  return Math.round(least / GRAIN_MS) * GRAIN_MS;
}

const SMALLEST_MS = 1_000;
const GRAIN_MS = 100;

function newestTimeOf(state: State): number | null {
  if (state?.__typename === 'TargetStateTerminated') return parseTime(state.finishTime);
  if (state?.__typename !== 'TargetStateActive') return null;
  return parseTime(state.ready ? state.lastReadyTime : state.startTime);
}

/**
 * What a target came to, in order. Tilt's own times are taken where there are any, and tell of what was before the
 * gateway looked; the times at which the gateway saw something give way to them.
 *
 * @param offset see {@link clockOffsetOf}
 */
export function marksOf(history: readonly Transition[], offset: number): Mark[] {
  const marks: Mark[] = [];
  /** The start of the run under way, as Tilt wrote it: the same text is the same run. */
  let run: string | null = null;
  for (const { time, state } of history) {
    const seen = (parseTime(time) ?? 0) - offset;
    const start = state && 'startTime' in state ? state.startTime : null;
    if (start !== null && start !== run) marks.push(markAt('running', parseTime(start), seen));
    const next = markOf(state, seen);
    const goesOn = start === run && next.kind === marks.at(-1)?.kind;
    if (!goesOn && (start === null || start === run || next.kind !== 'running')) marks.push(next);
    run = start;
  }
  return inOrder(marks);
}

function markOf(state: State, seen: number): Mark {
  switch (state?.__typename) {
    case 'TargetStateWaiting':
      return markAt('waiting', null, seen);
    case 'TargetStateActive':
      return state.ready
        ? markAt('ready', parseTime(state.lastReadyTime), seen)
        : markAt('running', null, seen);
    case 'TargetStateTerminated': {
      const failure = state.graceStatus === 'TOLERATED' ? 'retrying' : 'failed';
      return markAt(state.error === null ? 'succeeded' : failure, parseTime(state.finishTime), seen);
    }
    default:
      return markAt('off', null, seen);
  }
}

function markAt(kind: Mark['kind'], exact: number | null, seen: number): Mark {
  return { kind, at: exact ?? seen, isExact: exact !== null };
}

/** Nothing that was only seen is later than what Tilt says came after it, and nothing is earlier than what came before. */
function inOrder(marks: readonly Mark[]): Mark[] {
  let bound = Number.POSITIVE_INFINITY;
  const bounded = marks
    .toReversed()
    .map((mark) => {
      const at = mark.isExact ? mark.at : Math.min(mark.at, bound);
      bound = Math.min(bound, at);
      return { ...mark, at };
    })
    .reverse();
  let least = Number.NEGATIVE_INFINITY;
  return bounded.map((mark) => {
    least = Math.max(least, mark.at);
    return { ...mark, at: least };
  });
}
