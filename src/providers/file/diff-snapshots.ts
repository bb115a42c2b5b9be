import type { Change } from '../../model/change.js';
import type { Session } from '../../model/session.js';
import { diffUnavailable } from '../fact-table.js';
import type { SourceSnapshot } from './path-state.js';

/** Returns the changes from one snapshot, or from nothing, to the next. Compares by identity. Pure. */
export function diffSnapshots(before: SourceSnapshot | null, after: SourceSnapshot): Change[] {
  // Only a snapshot clears a problem of the source as a whole.
  const isReset = before === null || (before.problem !== null && before.problem !== after.problem);
  const changes: Change[] = isReset
    ? [{ type: 'snapshot', sessions: [...after.sessions.values()] }]
    : [...removals(before, after), ...upserts(before, after)];
  return [
    ...changes,
    ...staleChanges(isReset ? null : before, after, changes.length > 0),
    ...diffUnavailable(before?.unavailable ?? new Map(), after.unavailable),
  ];
}

function removals(before: SourceSnapshot, after: SourceSnapshot): Change[] {
  const removed = [...before.sessions.keys()].filter((id) => !after.sessions.has(id));
  const resolved = [...before.stale.keys()].filter((id) => !after.sessions.has(id) && !after.stale.has(id));
  return [...new Set([...removed, ...resolved])].map((id) => ({ type: 'remove', id }));
}

function upserts(before: SourceSnapshot, after: SourceSnapshot): Change[] {
  const isNew = (session: Session) => before.sessions.get(session.id) !== session;
  const isResolved = ({ id }: Session) => before.stale.has(id) && !after.stale.has(id);
  return [...after.sessions.values()]
    .filter((session) => isNew(session) || isResolved(session))
    .map((session) => ({ type: 'upsert', session }));
}

/**
 * The problems that have to be pushed. Other changes clear the problems of what they touch, and a problem of
 * the source applies to every Session. So after either, all problems of single Sessions are pushed again.
 */
function staleChanges(
  before: SourceSnapshot | null,
  { stale, problem }: SourceSnapshot,
  hasChanges: boolean,
): Change[] {
  const isProblemPushed = problem === null || (!hasChanges && before?.problem === problem);
  const pushAll = hasChanges || !isProblemPushed;
  const single = [...stale]
    .filter(([id, error]) => pushAll || before?.stale.get(id) !== error)
    .map(([id, error]): Change => ({ type: 'stale', id, error }));
  return isProblemPushed ? single : [{ type: 'stale', error: problem }, ...single];
}
