import { shortenReason } from '../../model/plain-text.js';
import type { Tone } from './phases.js';
import { parseTime } from './time.js';
import type { Session, Target, VerdictState } from './types.js';

/** A verdict for display, never better than the data supports. */
export interface ShownVerdict {
  readonly tone: Tone;
  readonly word: string;
}

/** The verdicts and their words in filters, those that need attention first. */
export const VERDICT_LOOKS: Readonly<Record<VerdictState, ShownVerdict>> = {
  FAILED: { tone: 'bad', word: 'Failed' },
  PENDING: { tone: 'busy', word: 'In progress' },
  UNKNOWN: { tone: 'idle', word: 'Unknown' },
  PASSED: { tone: 'ok', word: 'Passed' },
};

/** All verdicts, in the same order. */
export const VERDICTS: readonly VerdictState[] = Object.keys(VERDICT_LOOKS).filter(isVerdict);

/** Whether a word is the name of a verdict. */
export function isVerdict(word: string): word is VerdictState {
  return Object.hasOwn(VERDICT_LOOKS, word);
}

/** Whether a Session's data may be out of date: its connection to Tilt, or ours to the gateway, is lost. */
export function isStale(
  { connection, status }: Pick<Session, 'connection' | 'status'>,
  isConnected: boolean,
): boolean {
  // A GONE run that was done has a final state.
  return !isConnected || connection.state === 'STALE' || (connection.state === 'GONE' && !status.done);
}

/**
 * Describes the verdict of a Session. A verdict that may be out of date is labelled "last known" and never
 * green.
 *
 * @param isConnected whether the gateway is connected
 */
export function describeVerdict(session: Session, isConnected: boolean): ShownVerdict {
  const { tone, word } = lookOf(session);
  if (!isStale(session, isConnected) || tone === 'idle') return { tone, word };
  return { tone: 'idle', word: `Last known: ${word.toLowerCase()}` };
}

/**
 * Shortens the reason of a verdict for a list; null without a reason. Names the failed target: the error of a
 * `tilt ci` that is done does not.
 */
export function shortenVerdictReason({
  verdict: { reason, failed },
}: Pick<Session, 'verdict'>): string | null {
  if (reason === null) return null;
  const [first, ...others] = failed;
  const isUnnamed = first !== undefined && others.length === 0 && reason.startsWith('Command ');
  return shortenReason(isUnnamed ? `${first.name}: ${reason}` : reason);
}

function lookOf({ verdict, spec }: Session): ShownVerdict {
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
 * Finds the reference time of a Session without further updates, in milliseconds since 1970: the end of its
 * last target, or the moment at which the connection was lost.
 *
 * @param link state of the connection to the gateway
 */
export function findReferenceTime(
  { status, connection }: Pick<Session, 'status' | 'connection'>,
  targets: readonly Pick<Target, 'state'>[],
  link: { readonly state: string; readonly since: number },
): number {
  const last = Math.max(parseTime(status.startTime) ?? 0, ...targets.map(newestTimeOf));
  if (status.done) return last;
  const lost = link.state === 'lost' ? link.since : Number.POSITIVE_INFINITY;
  const disconnected =
    connection.state === 'LIVE' ? Number.POSITIVE_INFINITY : (parseTime(connection.since) ?? 0);
  return Math.max(last, Math.min(lost, disconnected));
}

/** The newest time in a target's state. */
function newestTimeOf({ state }: Pick<Target, 'state'>): number {
  if (state?.__typename === 'TargetStateTerminated')
    return parseTime(state.finishTime ?? state.startTime) ?? 0;
  // The time of readiness may belong to an earlier start.
  if (state?.__typename === 'TargetStateActive')
    return Math.max(parseTime(state.startTime) ?? 0, parseTime(state.lastReadyTime) ?? 0);
  return 0;
}
