import type { Tone } from './phases.js';
import { formatDuration, formatExactClock, parseTime } from './time.js';
import type { HistoryEntry, State, Target, TargetPhase } from './types.js';

/** A moment at which a target entered a state. */
interface Transition {
  readonly kind: 'waiting' | 'running' | 'ready' | 'succeeded' | 'failed' | 'retrying' | 'off';
  /** Milliseconds since 1970, by Tilt's clock. */
  readonly at: number;
  /** Whether Tilt reported the time. Otherwise it is the time at which the gateway observed the state. */
  readonly isExact: boolean;
}

/** A period in which a target stayed in one state: a bar of the timeline. */
export interface Segment {
  readonly kind: 'waiting' | 'running' | 'ready' | 'failed' | 'retrying';
  /** Milliseconds since 1970. */
  readonly start: number;
  /** Null while it lasts. */
  readonly end: number | null;
  /** Result of a run; null while it lasts, and for other kinds. */
  readonly outcome: Transition['kind'] | null;
}

/** The parts of a target that its segments depend on. */
type TargetCourse = Pick<Target, 'history' | 'phase' | 'since' | 'state' | 'secondsToReady'>;

/**
 * Derives the segments of a target, in order, without empty ones.
 *
 * @param offset see {@link estimateClockOffset}
 */
export function deriveSegments(target: TargetCourse, offset: number): Segment[] {
  const transitions = deriveTransitions(target, offset);
  return transitions.flatMap(({ kind, at }, index): Segment[] => {
    if (kind === 'off' || kind === 'succeeded') return [];
    const next = transitions[index + 1];
    if (next && next.at <= at && !(kind === 'running' && next.isExact)) return [];
    const outcome = kind === 'running' && next ? next.kind : null;
    return [{ kind, start: at, end: next?.at ?? null, outcome }];
  });
}

/** The tone of a segment's bar. */
export function toneOf({ kind, outcome }: Segment): Tone {
  switch (outcome ?? kind) {
    case 'succeeded':
    case 'ready':
      return 'ok';
    case 'failed':
      return 'bad';
    case 'retrying':
      return 'warn';
    case 'running':
      return 'busy';
    default:
      return 'idle';
  }
}

/** Describes a segment: `ran 1.26 s, succeeded; 14:03:09.021 to 14:03:10.277`. */
export function describeSegment(segment: Segment, now: number): string {
  const { kind, start, end, outcome } = segment;
  const length = formatDuration((end ?? now) - start);
  const result = outcome === null || outcome === 'running' ? '' : `, ${OUTCOMES[outcome]}`;
  const until = end === null ? 'so far' : `to ${formatExactClock(end)}`;
  return `${VERBS[kind]} ${length}${result}; ${formatExactClock(start)} ${until}`;
}

const VERBS: Readonly<Record<Segment['kind'], string>> = {
  waiting: 'waited',
  running: 'ran',
  ready: 'ready for',
  failed: 'failed for',
  retrying: 'retrying for',
};

const OUTCOMES: Readonly<Record<Exclude<Transition['kind'], 'running'>, string>> = {
  succeeded: 'succeeded',
  ready: 'then ready',
  failed: 'failed',
  retrying: 'failed, then retried',
  waiting: 'then waited',
  off: 'stopped',
};

/**
 * Estimates how far the gateway's clock is ahead of Tilt's, in milliseconds; negative when it is behind. A
 * target's first entry may be old when the gateway observes it, so only later entries count; the one with the
 * smallest delay is the best estimate. 0 below one second, which is delivery time rather than clock skew.
 */
export function estimateClockOffset(histories: Iterable<readonly HistoryEntry[]>): number {
  let min = Number.POSITIVE_INFINITY;
  for (const history of histories) {
    for (const [index, { time, state }] of history.entries()) {
      const before = history[index - 1]?.state;
      if (before === undefined) continue;
      const [seen, exact] = [parseTime(time), newestTimeOf(state, before)];
      if (seen !== null && exact !== null) min = Math.min(min, seen - exact);
    }
  }
  if (!Number.isFinite(min) || Math.abs(min) < MIN_OFFSET_MS) return 0;
  // Rounded, so that the estimate is stable while the clocks are.
  return Math.round(min / OFFSET_STEP_MS) * OFFSET_STEP_MS;
}

const MIN_OFFSET_MS = 1_000;
const OFFSET_STEP_MS = 100;

/** Tilt's newest time in a state; null when it may precede the state before. */
function newestTimeOf(state: State, before: State): number | null {
  if (state?.__typename === 'TargetStateTerminated') return parseTime(state.finishTime);
  if (state?.__typename !== 'TargetStateActive') return null;
  if (!state.ready) return parseTime(state.startTime);
  const isKnown = before?.__typename === 'TargetStateActive' && before.lastReadyTime === state.lastReadyTime;
  return isKnown ? null : readyTimeOf(state);
}

/**
 * Derives the transitions of a target, in order. Tilt's times take precedence and also cover the time before
 * the gateway started; the times at which the gateway observed a state are adjusted to them.
 */
function deriveTransitions(target: TargetCourse, offset: number): Transition[] {
  const transitions: Transition[] = [];
  /** Start of the current run as Tilt wrote it: equal text means the same run. */
  let run: string | null = null;
  for (const [index, { time, phase, state }] of entriesOf(target).entries()) {
    const seen = (parseTime(time) ?? 0) - offset;
    const start = startOf(state);
    const isNew = start !== null && start !== run;
    // A target that was ready before the gateway started has no known end of its run: leave the run out.
    const isKnown = index > 0 || phase !== 'READY' || isReadinessKnown(target, start);
    if (isNew && isKnown) transitions.push(createTransition('running', parseTime(start), seen));
    const next = createTransition(KINDS[phase], exactTimeOf(state), seen);
    const isContinued = start === run && next.kind === transitions.at(-1)?.kind;
    if (!isContinued && (!isNew || next.kind !== 'running')) transitions.push(next);
    run = start;
  }
  return sortTransitions(transitions);
}

/** The history, and the current state if it belongs to another run in the same phase. */
function entriesOf({ history, phase, since, state }: TargetCourse): readonly HistoryEntry[] {
  const last = history.at(-1);
  const isRestarted = last !== undefined && startOf(state) !== null && startOf(state) !== startOf(last.state);
  return isRestarted ? [...history, { time: since, phase, state }] : history;
}

function isReadinessKnown({ state, secondsToReady }: TargetCourse, start: string | null): boolean {
  return secondsToReady !== null && startOf(state) === start;
}

function startOf(state: State): string | null {
  return state && 'startTime' in state ? state.startTime : null;
}

const KINDS: Readonly<Record<TargetPhase, Transition['kind']>> = {
  WAITING: 'waiting',
  RUNNING: 'running',
  READY: 'ready',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  RETRYING: 'retrying',
  UNTRIGGERED: 'off',
  INACTIVE: 'off',
  DISABLED: 'off',
};

/** Tilt's time of entering a state; null when Tilt does not report it. */
function exactTimeOf(state: State): number | null {
  if (state?.__typename === 'TargetStateTerminated') return parseTime(state.finishTime);
  return state?.__typename === 'TargetStateActive' && state.ready ? readyTimeOf(state) : null;
}

/** The time of readiness; null when it belongs to an earlier start. */
function readyTimeOf({ startTime, lastReadyTime }: Active): number | null {
  const [start, ready] = [parseTime(startTime), parseTime(lastReadyTime)];
  return start !== null && ready !== null && ready < start ? null : ready;
}

type Active = Extract<State, { readonly __typename: 'TargetStateActive' }>;

function createTransition(kind: Transition['kind'], exact: number | null, seen: number): Transition {
  return { kind, at: exact ?? seen, isExact: exact !== null };
}

/** Moves observed times before the next exact one, and every time after the previous one. */
function sortTransitions(transitions: readonly Transition[]): Transition[] {
  let max = Number.POSITIVE_INFINITY;
  const bounded = transitions
    .toReversed()
    .map((transition) => {
      const at = transition.isExact ? transition.at : Math.min(transition.at, max);
      max = Math.min(max, at);
      return { ...transition, at };
    })
    .reverse();
  let min = Number.NEGATIVE_INFINITY;
  return bounded.map((transition) => {
    min = Math.max(min, transition.at);
    return { ...transition, at: min };
  });
}
