import type { Tone } from './phases.js';
import type { Session } from './types.js';

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
