import type { MicroTime } from '../model/micro-time.js';
import type { ActiveState, TargetState } from '../model/session.js';
import type { Phase } from '../model/verdict.js';
import { readyTimeOf } from './readiness.js';
import type { TrackedTarget } from './record.js';

/**
 * When a target entered its phase: Tilt's own time where Tilt reports one, otherwise `now`. A change inside a phase moves it
 * only when it is another run of the target.
 *
 * @param previous the target before; null when it was not known
 * @param now when this state was seen, by the gateway's clock
 */
export function phaseStart(
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
