import type { MicroTime } from '../model/micro-time.js';
import {
  type ActiveState,
  type SessionId,
  type Target,
  type TargetState,
  targetIdOf,
} from '../model/session.js';
import { type Phase, phaseOf } from '../model/verdict.js';
import { sameState, sameStrings } from './diff.js';
import { readyTimeOf, type TrackedTarget, trackReadiness, withTransition } from './record.js';

/**
 * A target with what the gateway has seen of it: when its phase began, its first readiness, its changes of phase.
 *
 * @param previous the target before; null when it was not known
 * @param time when this state was seen, by the gateway's clock
 */
export function trackTarget(
  session: SessionId,
  previous: TrackedTarget | null,
  target: Target,
  time: MicroTime,
): TrackedTarget {
  const phase = phaseOf(target);
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
  // What is equal is taken over: the journal keeps older states of a target beside the newest.
  const state = sameState(previous.state, target.state) ? previous.state : target.state;
  const readiness = trackReadiness(previous.readiness, state);
  const before = { target: previous, phase: phaseOf(previous) };
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

/**
 * When a target entered its phase: Tilt's own time where Tilt reports one, otherwise `now`. A change inside a phase moves it
 * only when it is another run of the target.
 *
 * @param previous the target before; null when it was not known
 * @param now when this state was seen, by the gateway's clock
 */
function phaseStart(
  previous: { readonly target: TrackedTarget; readonly phase: Phase } | null,
  phase: Phase,
  state: TargetState,
  now: MicroTime,
): MicroTime {
  if (previous?.phase === phase && isSameRun(previous.target.state, state)) return previous.target.since;
  return reportedStart(previous?.target ?? null, state) ?? now;
}

/** Whether two states of one phase are of the same run of the target. */
function isSameRun(a: TargetState, b: TargetState): boolean {
  return startOf(a) === startOf(b) && finishOf(a) === finishOf(b);
}

/** Tilt's own time of the phase that begins with a state; null when Tilt does not report it. */
function reportedStart(previous: TrackedTarget | null, state: TargetState): MicroTime | null {
  if (state.is === 'terminated') return state.finishTime;
  if (state.is !== 'active') return null;
  if (!state.ready) {
    // A target that lost its readiness has the same start as before.
    const isKnownStart = previous !== null && state.startTime === lastStartOf(previous);
    return isKnownStart ? null : state.startTime;
  }
  return wasReady(previous, state) ? null : readyTimeOf(state);
}

/** Whether a target may have been ready before with the start of a state: then Tilt's time may be of that readiness. */
function wasReady(previous: TrackedTarget | null, { startTime }: ActiveState): boolean {
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
