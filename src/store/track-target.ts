import { type MicroTime, parseMicros, secondsBetween } from '../model/micro-time.js';
import { computePhase, type Phase } from '../model/phase.js';
import {
  type ActiveState,
  type SessionId,
  type Target,
  type TargetState,
  targetIdOf,
} from '../model/session.js';
import { sameState, sameStrings } from './diff.js';
import type { Readiness, TrackedTarget, Transition } from './record.js';

/**
 * Adds what the gateway has observed to a target: the start of its phase, its first readiness, its phase
 * transitions.
 *
 * @param previous the target before; null when it is new
 * @param time when the gateway received this state
 */
export function trackTarget(
  session: SessionId,
  previous: TrackedTarget | null,
  target: Target,
  time: MicroTime,
): TrackedTarget {
  const phase = computePhase(target);
  if (previous === null) {
    const { state } = target;
    const readiness = trackReadiness(null, state);
    return {
      ...target,
      id: targetIdOf(session, target.key),
      since: phaseStart(null, phase, state, time),
      readiness,
      history: [{ time, phase, state, readiness }],
    };
  }
  // Equal parts are reused, because the journal keeps older states of a target as well as the newest.
  const state = sameState(previous.state, target.state) ? previous.state : target.state;
  const readiness = trackReadiness(previous.readiness, state);
  const before = { target: previous, phase: computePhase(previous) };
  return {
    ...target,
    name: previous.name,
    key: previous.key,
    resources: sameStrings(previous.resources, target.resources) ? previous.resources : target.resources,
    state,
    id: previous.id,
    since: phaseStart(before, phase, state, time),
    readiness,
    history:
      before.phase === phase
        ? previous.history
        : withTransition(previous.history, { time, phase, state, readiness }),
  };
}

/** Transitions kept per target: minutes of a flapping server, yet small for 10,000 targets. */
export const HISTORY_LIMIT = 50;

/** Appends a transition and drops the oldest beyond {@link HISTORY_LIMIT}. */
function withTransition(history: readonly Transition[], transition: Transition): Transition[] {
  // `[...history, transition]` would reserve room for sixteen more, 128 bytes per target; `concat` takes five
  // times as long.
  return history.slice(1 - HISTORY_LIMIT).toSpliced(HISTORY_LIMIT, 0, transition);
}

/**
 * When a target entered its phase: the time that Tilt reports, else `now`. A change within a phase moves it
 * only when the target was started again.
 */
function phaseStart(
  previous: { readonly target: TrackedTarget; readonly phase: Phase } | null,
  phase: Phase,
  state: TargetState,
  now: MicroTime,
): MicroTime {
  if (previous?.phase === phase && isSameStart(previous.target.state, state)) return previous.target.since;
  return reportedStart(previous?.target ?? null, state) ?? now;
}

/** Whether two states of one phase belong to the same start of the target. */
function isSameStart(a: TargetState, b: TargetState): boolean {
  return startOf(a) === startOf(b) && finishOf(a) === finishOf(b);
}

/** Start of the phase that begins with a state, as Tilt reports it; null when it does not. */
function reportedStart(previous: TrackedTarget | null, state: TargetState): MicroTime | null {
  if (state.is === 'terminated') return state.finishTime;
  if (state.is !== 'active') return null;
  if (!state.ready) {
    // A target that lost its readiness keeps its start time.
    const isKnownStart = previous !== null && state.startTime === lastStartOf(previous);
    return isKnownStart ? null : state.startTime;
  }
  return mayHaveBeenReady(previous, state) ? null : readyTimeOf(state);
}

/** Whether a target may have been ready before in this start. Tilt's ready time may be of that readiness. */
function mayHaveBeenReady(previous: TrackedTarget | null, { startTime }: ActiveState): boolean {
  if (previous === null) return false;
  const { readiness } = previous;
  return startTime === null || (readiness?.startTime === startTime && !readiness.isAwaited);
}

function lastStartOf({ state, readiness }: TrackedTarget): MicroTime | null {
  return startOf(state) ?? readiness?.startTime ?? null;
}

function startOf(state: TargetState): MicroTime | null {
  return state.is === 'active' || state.is === 'terminated' ? state.startTime : null;
}

function finishOf(state: TargetState): MicroTime | null {
  return state.is === 'terminated' ? state.finishTime : null;
}

/** Updates the readiness of a target with its next state. */
function trackReadiness(before: Readiness | null, state: TargetState): Readiness | null {
  if (state.is !== 'active') return before;
  const { startTime, ready } = state;
  if (startTime === null) return null;
  const known = before?.startTime === startTime ? before : null;
  if (known !== null && !(ready && known.isAwaited)) return known;
  // Times are parsed only for the first state of a start and for its first readiness.
  const readyTime = readyTimeOf(state);
  if (!ready) return { startTime, firstReadyTime: null, isAwaited: readyTime === null };
  return { startTime, firstReadyTime: known === null ? null : readyTime, isAwaited: false };
}

/** `lastReadyTime`, or null when it belongs to an earlier start. */
function readyTimeOf({ startTime, lastReadyTime }: ActiveState): MicroTime | null {
  if (startTime === null || lastReadyTime === null) return lastReadyTime;
  return (parseMicros(lastReadyTime) ?? 0) < (parseMicros(startTime) ?? 0) ? null : lastReadyTime;
}

/** Seconds from the start of an active target to its first readiness; null when unknown. */
export function secondsToReady(readiness: Readiness | null, { startTime }: ActiveState): number | null {
  return readiness === null || readiness.startTime !== startTime
    ? null
    : secondsBetween(startTime, readiness.firstReadyTime);
}
