import { secondsBetween } from '../model/micro-time.js';
import type { Phase } from '../model/phase.js';
import { computePhase } from '../model/phase.js';
import { extractHeadline, oneLine, plainText } from '../model/plain-text.js';
import type { ActiveState, TargetState, TerminatedState, WaitingState } from '../model/session.js';
import type { Readiness, TrackedTarget, Transition } from '../store/record.js';
import { secondsToReady } from '../store/track-target.js';
import type { ShownTerminated, SummarizedActive } from './context.js';

/** State of a target in the schema. */
export type VisibleState =
  | Exclude<TargetState, { is: 'inactive' | 'active' | 'terminated' }>
  | SummarizedActive
  | ShownTerminated;

/**
 * Returns the state of a target or transition for the schema. Inactive is null, because Tilt populates no
 * member.
 */
export function visibleState({
  phase,
  state,
  readiness,
}: Pick<Transition, 'phase' | 'state' | 'readiness'>): VisibleState | null {
  if (state.is === 'inactive') return null;
  return state.is === 'active' ? { ...state, summary: summaryOfActive(phase, state, readiness) } : state;
}

/** Returns the present state of a target, with the target itself if there may be an excerpt of its log. */
export function presentState(of: TrackedTarget): VisibleState | null {
  const state = visibleState({ ...of, phase: computePhase(of) });
  return state?.is === 'terminated' && state.error !== null ? { ...state, target: of } : state;
}

/** Summarises in one line what a waiting target waits for. */
export function summaryOfWaiting({ waitReason }: WaitingState): string {
  const reason = oneLine(plainText(waitReason));
  return reason === '' ? 'waiting' : `waiting: ${reason}`;
}

/**
 * Summarises in one line whether an active target is ready. Clients compute elapsed times.
 */
function summaryOfActive(phase: Phase, state: ActiveState, readiness: Readiness | null): string {
  if (!state.ready) return 'running';
  return `${phase}${after(secondsToReady(readiness, state))}`;
}

/**
 * Summarises in one line how a target ended, with the most relevant line of an error.
 */
export function summaryOfTerminated(state: TerminatedState): string {
  const time = after(runSeconds(state));
  if (state.error === null) return `succeeded${time}`;
  const grace = { tolerated: ' (tolerated for now)', exceeded: ' (exceeded grace period)' };
  const note =
    state.graceStatus === 'tolerated' || state.graceStatus === 'exceeded' ? grace[state.graceStatus] : '';
  return `failed${time}${note}: ${extractHeadline(state.error) || 'no reason was given'}`;
}

/** Returns the seconds from start to finish. Null if one is unknown, or if they contradict each other. */
export function runSeconds({ startTime, finishTime }: TerminatedState): number | null {
  const seconds = secondsBetween(startTime, finishTime);
  return seconds === null || seconds < 0 ? null : seconds;
}

function after(seconds: number | null): string {
  return seconds === null ? '' : ` after ${seconds.toFixed(1)} s`;
}
