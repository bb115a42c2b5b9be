import type { Change, StaleState } from '../../model/change.js';
import type { Session, SessionId } from '../../model/session.js';
import { diffUnavailable } from '../fact-table.js';
import type { SourceSnapshot } from './path-state.js';

/** Returns the changes from one snapshot, or from nothing, to the next. Compares by identity. Pure. */
export function diffSnapshots(before: SourceSnapshot | null, after: SourceSnapshot): Change[] {
  return [
    ...(before === null || needsSnapshot(before, after) ? [toSnapshot(after)] : diffSessions(before, after)),
    ...diffUnavailable(before?.unavailable ?? new Map(), after.unavailable),
  ];
}

/**
 * Whether only a snapshot leads from one to the next: it clears a problem of the source as a whole, and a
 * Session that is new in it can be stale, without being live for a moment.
 */
function needsSnapshot(before: SourceSnapshot, after: SourceSnapshot): boolean {
  if (before.problem !== null && before.problem !== after.problem) return true;
  return changedSessions(before, after).some(({ id }) => after.problem !== null || after.stale.has(id));
}

function toSnapshot({ sessions, stale, problem }: SourceSnapshot): Change {
  const errors = toErrors(problem, stale);
  return { type: 'snapshot', sessions: [...sessions.values()], ...(errors.length > 0 && { stale: errors }) };
}

function diffSessions(before: SourceSnapshot, after: SourceSnapshot): Change[] {
  const upserts = changedSessions(before, after).map((session): Change => ({ type: 'upsert', session }));
  const changes = [...removals(before, after), ...upserts];
  return [...changes, ...staleChanges(before, after, changes.length > 0)];
}

function toErrors(problem: string | null, stale: Iterable<readonly [SessionId, string]>): StaleState[] {
  const single = Array.from(stale, ([id, error]) => ({ id, error }));
  return problem === null ? single : [{ error: problem }, ...single];
}

function removals(before: SourceSnapshot, after: SourceSnapshot): Change[] {
  const removed = [...before.sessions.keys()].filter((id) => !after.sessions.has(id));
  const resolved = [...before.stale.keys()].filter((id) => !after.sessions.has(id) && !after.stale.has(id));
  return [...new Set([...removed, ...resolved])].map((id) => ({ type: 'remove', id }));
}

function changedSessions(before: SourceSnapshot, after: SourceSnapshot): Session[] {
  const isNew = (session: Session) => before.sessions.get(session.id) !== session;
  const isResolved = ({ id }: Session) => before.stale.has(id) && !after.stale.has(id);
  return [...after.sessions.values()].filter((session) => isNew(session) || isResolved(session));
}

/**
 * The problems that have to be pushed. Other changes clear the problems of what they touch, and a problem of
 * the source applies to every Session. So after either, all problems of single Sessions are pushed again.
 */
function staleChanges(
  before: SourceSnapshot,
  { stale, problem }: SourceSnapshot,
  hasChanges: boolean,
): Change[] {
  const isProblemPushed = problem === null || (!hasChanges && before.problem === problem);
  const pushAll = hasChanges || !isProblemPushed;
  const news = [...stale].filter(([id, error]) => pushAll || before.stale.get(id) !== error);
  return toErrors(isProblemPushed ? null : problem, news).map((error) => ({ type: 'stale', ...error }));
}
