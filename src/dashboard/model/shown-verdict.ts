import type { Tone } from './phases.js';
import { parseTime } from './time.js';
import type { Session, Target } from './types.js';

/** A verdict as it may be shown: never better than what is known. */
export interface ShownVerdict {
  readonly tone: Tone;
  readonly word: string;
}

/** Whether what is shown of a Session may be out of date: its link, or ours to the gateway, is broken. */
export function isOld(
  { connection, status }: Pick<Session, 'connection' | 'status'>,
  isLinked: boolean,
): boolean {
  // A run that is done and gone is at its end: its last state stays true.
  return !isLinked || connection.state === 'STALE' || (connection.state === 'GONE' && !status.done);
}

/**
 * The verdict on a Session. One that may be out of date is said to be the last that is known, and is never green.
 *
 * @param isLinked whether there is a link to the gateway
 */
export function shownVerdict(session: Session, isLinked: boolean): ShownVerdict {
  const { tone, word } = plainVerdict(session);
  if (!isOld(session, isLinked) || tone === 'idle') return { tone, word };
  return { tone: 'idle', word: `Last known: ${word.toLowerCase()}` };
}

function plainVerdict({ verdict, spec }: Session): ShownVerdict {
  switch (verdict.state) {
    case 'PASSED':
      return { tone: 'ok', word: verdict.final ? 'Passed' : 'Passing' };
    case 'FAILED':
      return { tone: 'bad', word: verdict.final ? 'Failed' : 'Failing' };
    case 'PENDING':
      return { tone: 'busy', word: spec.exitCondition === 'CI' ? 'In progress' : 'Starting' };
    default:
      return { tone: 'idle', word: 'Unknown' };
  }
}

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
