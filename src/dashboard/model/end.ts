import { parseTime } from './time.js';
import type { Session, Target } from './types.js';

/**
 * The moment that what is shown of a Session is of, once that does not go on: when its last target came to its end,
 * or when the link to it was lost. Milliseconds since 1970.
 *
 * @param link how the link to the gateway is, and since when
 */
export function endOf(
  { status, connection }: Pick<Session, 'status' | 'connection'>,
  targets: readonly Pick<Target, 'state'>[],
  link: { readonly state: string; readonly since: number },
): number {
  const last = Math.max(parseTime(status.startTime) ?? 0, ...targets.map(lastTimeOf));
  if (status.done) return last;
  const lost = link.state === 'lost' ? link.since : Number.POSITIVE_INFINITY;
  const left = connection.state === 'LIVE' ? Number.POSITIVE_INFINITY : (parseTime(connection.since) ?? 0);
  return Math.max(last, Math.min(lost, left));
}

/** The latest time that a target's state names. */
function lastTimeOf({ state }: Pick<Target, 'state'>): number {
  if (state?.__typename === 'TargetStateTerminated')
    return parseTime(state.finishTime ?? state.startTime) ?? 0;
  // Readiness may be of an earlier start.
  if (state?.__typename === 'TargetStateActive')
    return Math.max(parseTime(state.startTime) ?? 0, parseTime(state.lastReadyTime) ?? 0);
  return 0;
}
