import { secondsBetween } from '../model/micro-time.js';
import { extractHeadline, oneLine, plainText } from '../model/plain-text.js';
import type { ActiveState, TargetState, TerminatedState, WaitingState } from '../model/session.js';
import type { Phase } from '../model/verdict.js';
import { type Readiness, secondsToReady, type Transition } from '../store/record.js';

/** An active state with its summary, which depends on more than the state. */
export interface SummarizedActive extends ActiveState {
  readonly summary: string;
}

/** A state as the schema shows it. */
export type VisibleState = Exclude<TargetState, { is: 'inactive' | 'active' }> | SummarizedActive;

/** The state of a target or transition as the schema shows it. Inactive is null: Tilt populates no member then. */
export function visibleState({
  phase,
  state,
  readiness,
}: Pick<Transition, 'phase' | 'state' | 'readiness'>): VisibleState | null {
  if (state.is === 'inactive') return null;
  return state.is === 'active' ? { ...state, summary: summaryOfActive(phase, state, readiness) } : state;
}

/** One line for a person: what a waiting target waits for. */
export function summaryOfWaiting({ waitReason }: WaitingState): string {
  const reason = oneLine(plainText(waitReason));
  return reason === '' ? 'waiting' : `waiting: ${reason}`;
}

/** One line for a person: whether an active target is ready. No elapsed time: that is the client's to compute. */
function summaryOfActive(phase: Phase, state: ActiveState, readiness: Readiness | null): string {
  if (!state.ready) return 'running';
  return `${phase}${after(secondsToReady(readiness, state))}`;
}

/** One line for a person: how a target ended. Of an error with several lines the one that says what happened. */
export function summaryOfTerminated(state: TerminatedState): string {
  const time = after(runSeconds(state));
  if (state.error === null) return `succeeded${time}`;
  const grace = { tolerated: ' (tolerated for now)', exceeded: ' (exceeded grace period)' };
  const note =
    state.graceStatus === 'tolerated' || state.graceStatus === 'exceeded' ? grace[state.graceStatus] : '';
  return `failed${time}${note}: ${extractHeadline(state.error) || 'no reason was given'}`;
}

/** Seconds from start to finish; null when they are not known, or contradict each other. */
export function runSeconds({ startTime, finishTime }: TerminatedState): number | null {
  const seconds = secondsBetween(startTime, finishTime);
  return seconds === null || seconds < 0 ? null : seconds;
}

function after(seconds: number | null): string {
  return seconds === null ? '' : ` after ${seconds.toFixed(1)} s`;
}
