import type { Change } from '../../model/change.js';
import type { Session, SessionId } from '../../model/session.js';

/** All that a source knows at one moment. */
export interface Known {
  readonly sessions: ReadonlyMap<SessionId, Session>;
  /** What is wrong with single Sessions, also with those that could never be read. */
  readonly stale: ReadonlyMap<SessionId, string>;
  /** What is wrong with the source as a whole; null when nothing is. */
  readonly trouble: string | null;
}

/**
 * The changes that lead from one state to the next, from nothing when there is none before. Pure. Sessions are
 * compared by identity.
 */
export function changesBetween(before: Known | null, after: Known): Change[] {
  // That a source as a whole is well again, only a snapshot says.
  const isAnew = before === null || (before.trouble !== null && before.trouble !== after.trouble);
  const news = isAnew ? [snapshotOf(after)] : [...removals(before, after), ...upserts(before, after)];
  return [...news, ...doubts(isAnew ? null : before, after, news.length > 0)];
}

function snapshotOf({ sessions }: Known): Change {
  return { type: 'snapshot', sessions: [...sessions.values()] };
}

function removals(before: Known, after: Known): Change[] {
  const gone = [...before.sessions.keys()].filter((id) => !after.sessions.has(id));
  const forgotten = [...before.stale.keys()].filter((id) => !after.sessions.has(id) && !after.stale.has(id));
  return [...new Set([...gone, ...forgotten])].map((id) => ({ type: 'remove', id }));
}

function upserts(before: Known, after: Known): Change[] {
  const isNew = (session: Session) => before.sessions.get(session.id) !== session;
  const isHealed = ({ id }: Session) => before.stale.has(id) && !after.stale.has(id);
  return [...after.sessions.values()]
    .filter((session) => isNew(session) || isHealed(session))
    .map((session) => ({ type: 'upsert', session }));
}

/**
 * What is wrong, as far as it is not told yet. News make what they touch look well, and trouble is said of every Session:
 * after either, all that is more particular is told again.
 */
function doubts(before: Known | null, { stale, trouble }: Known, isNews: boolean): Change[] {
  const isTroubleTold = trouble === null || (!isNews && before?.trouble === trouble);
  const isAllAgain = isNews || !isTroubleTold;
  const single = [...stale]
    .filter(([id, error]) => isAllAgain || before?.stale.get(id) !== error)
    .map(([id, error]): Change => ({ type: 'stale', id, error }));
  return isTroubleTold ? single : [{ type: 'stale', error: trouble }, ...single];
}
