import { secondsBetween } from '../model/micro-time.js';
import type { ActiveState, TerminatedState, WaitingState } from '../model/session.js';

/** One line for a person: what a waiting target waits for. */
export function summaryOfWaiting({ waitReason }: WaitingState): string {
  return waitReason === '' ? 'waiting' : `waiting: ${waitReason}`;
}

/** One line for a person: whether an active target is ready. No elapsed time: that is the client's to compute. */
export function summaryOfActive(state: ActiveState): string {
  if (!state.ready) return 'running';
  const seconds = secondsBetween(state.startTime, state.lastReadyTime);
  return seconds === null ? 'ready' : `ready after ${seconds.toFixed(1)} s`;
}

/** One line for a person: how a target ended. */
export function summaryOfTerminated(state: TerminatedState): string {
  const seconds = secondsBetween(state.startTime, state.finishTime);
  const time = seconds === null ? '' : ` after ${seconds.toFixed(1)} s`;
  if (state.error === null) return `succeeded${time}`;
  const grace = { tolerated: ' (tolerated for now)', exceeded: ' (exceeded grace period)' };
  const note =
    state.graceStatus === 'tolerated' || state.graceStatus === 'exceeded' ? grace[state.graceStatus] : '';
  return `failed${time}${note}: ${state.error}`;
}
