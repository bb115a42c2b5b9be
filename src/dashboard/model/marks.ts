import { parseTime } from './time.js';
import type { State, Target, TargetPhase, Transition } from './types.js';

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
    for (const [index, { time, state }] of history.entries()) {
      const before = history[index - 1]?.state;
      if (before === undefined) continue;
      const [seen, exact] = [parseTime(time), newestTimeOf(state, before)];
      if (seen !== null && exact !== null) least = Math.min(least, seen - exact);
    }
  }
  if (!Number.isFinite(least) || Math.abs(least) < SMALLEST_MS) return 0;
  // Not as exact as it could be, so that it stays the same for as long as the clocks do.
  return Math.round(least / GRAIN_MS) * GRAIN_MS;
}

const SMALLEST_MS = 1_000;
const GRAIN_MS = 100;

/** The newest of Tilt's own times in a state; null when it may be older than the state before. */
function newestTimeOf(state: State, before: State): number | null {
  if (state?.__typename === 'TargetStateTerminated') return parseTime(state.finishTime);
  if (state?.__typename !== 'TargetStateActive') return null;
  if (!state.ready) return parseTime(state.startTime);
  const isOld = before?.__typename === 'TargetStateActive' && before.lastReadyTime === state.lastReadyTime;
  return isOld ? null : readyTimeOf(state);
}

/** What the marks of a target are made of. */
type Course = Pick<Target, 'history' | 'phase' | 'since' | 'state' | 'secondsToReady'>;

/**
 * What a target came to, in order. Tilt's own times are taken where there are any, and tell of what was before the
 * gateway looked; the times at which the gateway saw something give way to them.
 *
 * @param offset see {@link clockOffsetOf}
 */
export function marksOf(target: Course, offset: number): Mark[] {
  const marks: Mark[] = [];
  /** The start of the run under way, as Tilt wrote it: the same text is the same run. */
  let run: string | null = null;
  for (const [index, { time, phase, state }] of transitionsOf(target).entries()) {
    const seen = (parseTime(time) ?? 0) - offset;
    const start = startOf(state);
    const isNew = start !== null && start !== run;
    // When a target became ready before the gateway looked is not known: its run must not end at an invented time.
    const isKnown = index > 0 || phase !== 'READY' || isReadinessKnown(target, start);
    if (isNew && isKnown) marks.push(markAt('running', parseTime(start), seen));
    const next = markAt(KINDS[phase], exactTimeOf(state), seen);
    const goesOn = start === run && next.kind === marks.at(-1)?.kind;
    if (!goesOn && (!isNew || next.kind !== 'running')) marks.push(next);
    run = start;
  }
  return inOrder(marks);
}

/** The history; and the state, where that is of another run of the target in the same phase. */
function transitionsOf({ history, phase, since, state }: Course): readonly Transition[] {
  const last = history.at(-1);
  const isRestarted = last !== undefined && startOf(state) !== null && startOf(state) !== startOf(last.state);
  return isRestarted ? [...history, { time: since, phase, state }] : history;
}

function isReadinessKnown({ state, secondsToReady }: Course, start: string | null): boolean {
  return secondsToReady !== null && startOf(state) === start;
}

function startOf(state: State): string | null {
  return state && 'startTime' in state ? state.startTime : null;
}

const KINDS: Readonly<Record<TargetPhase, Mark['kind']>> = {
  WAITING: 'waiting',
  RUNNING: 'running',
  READY: 'ready',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  RETRYING: 'retrying',
  INACTIVE: 'off',
  DISABLED: 'off',
};

/** Tilt's own time of what a state came to; null where Tilt does not say. */
function exactTimeOf(state: State): number | null {
  if (state?.__typename === 'TargetStateTerminated') return parseTime(state.finishTime);
  return state?.__typename === 'TargetStateActive' && state.ready ? readyTimeOf(state) : null;
}

/** The time of readiness, unless it is of an earlier start. */
function readyTimeOf({ startTime, lastReadyTime }: Active): number | null {
  const [start, ready] = [parseTime(startTime), parseTime(lastReadyTime)];
  return start !== null && ready !== null && ready < start ? null : ready;
}

type Active = Extract<State, { readonly __typename: 'TargetStateActive' }>;

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
