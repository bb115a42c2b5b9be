import { type MicroTime, microsOf, secondsBetween } from '../model/micro-time.js';
import type { ActiveState, TargetState } from '../model/session.js';

/**
 * What the gateway saw of the readiness of one start of a target. Tilt's `lastReadyTime` is refreshed while a target stays
 * ready and kept when it restarts. So only its first value after a state that was not ready says when the target became
 * ready.
 */
export interface Readiness {
  readonly startTime: MicroTime;
  /** When it first became ready after this start; null while it has not, and when that cannot be known. */
  readonly firstReadyTime: MicroTime | null;
  /** Whether the gateway has seen this start since before its first readiness, and that is still to come. */
  readonly isAwaited: boolean;
}

/**
 * What is known of the readiness after a state.
 *
 * @param before what was known before it
 */
export function trackReadiness(before: Readiness | null, state: TargetState): Readiness | null {
  if (state.is !== 'active') return before;
  const { startTime, ready } = state;
  if (startTime === null) return null;
  const known = before?.startTime === startTime ? before : null;
  if (known !== null && !(ready && known.isAwaited)) return known;
  // Times are only parsed at the first state of a start and at its first readiness.
  const readyTime = readyTimeOf(state);
  if (!ready) return { startTime, firstReadyTime: null, isAwaited: readyTime === null };
  return { startTime, firstReadyTime: known === null ? null : readyTime, isAwaited: false };
}

/** `lastReadyTime`, unless it is of an earlier start. */
export function readyTimeOf({ startTime, lastReadyTime }: ActiveState): MicroTime | null {
  if (startTime === null || lastReadyTime === null) return lastReadyTime;
  return (microsOf(lastReadyTime) ?? 0) < (microsOf(startTime) ?? 0) ? null : lastReadyTime;
}

/** Seconds from the start of an active target to its first readiness; null when that is not known. */
export function secondsToReady(readiness: Readiness | null, { startTime }: ActiveState): number | null {
  return readiness === null || readiness.startTime !== startTime
    ? null
    : secondsBetween(startTime, readiness.firstReadyTime);
}
