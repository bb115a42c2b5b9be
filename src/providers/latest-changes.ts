import type { Change, LogPosition } from '../model/change.js';
import type { Session, SessionId } from '../model/session.js';

/** Folds changes, so that whoever missed them can be told the outcome. */
export interface LatestChanges {
  apply(change: Change): void;
  /**
   * The fewest changes that lead to the same state: a snapshot with the newest of each Session, then what is stale. At
   * most two for each Session, and two.
   */
  changes(): Change[];
}

/** Nothing has happened yet. */
export function createLatestChanges(): LatestChanges {
  let synced = false;
  let sessions = new Map<SessionId, Session>();
  /** Why one Session is stale. */
  const stale = new Map<SessionId, Change>();
  /** Why all were stale, and which have had a new state since. */
  let allStale: Change | null = null;
  const fresh = new Set<SessionId>();
  /** How far the source's log was folded. */
  let position: LogPosition | undefined;

  return { apply, changes };

  function apply(change: Change): void {
    if ('at' in change) position = change.at;
    switch (change.type) {
      case 'snapshot':
        synced = true;
        sessions = new Map(change.sessions.map((session) => [session.id, session]));
        setAllStale(null);
        change.followedBy?.forEach(apply);
        position = change.upTo ?? position;
        return;
      case 'upsert':
        applyUpsert(change);
        return;
      case 'remove':
        forget(change.id);
        return;
      case 'stale':
        if (change.id === undefined) setAllStale(change);
        else stale.set(change.id, change);
    }
  }

  function applyUpsert({ session, connection }: Extract<Change, { readonly type: 'upsert' }>): void {
    const { id } = session;
    if (connection?.state === 'gone') {
      forget(id);
      return;
    }
    sessions.set(id, session);
    fresh.add(id);
    if (connection) stale.set(id, { type: 'upsert', session, connection });
    else stale.delete(id);
  }

  function forget(id: SessionId): void {
    sessions.delete(id);
    stale.delete(id);
    fresh.delete(id);
  }

  function setAllStale(change: Change | null): void {
    allStale = change;
    stale.clear();
    fresh.clear();
  }

  function changes(): Change[] {
    const all = [...sessions.values()];
    return [
      ...(synced ? [{ type: 'snapshot', sessions: all, ...(position && { at: position }) } as const] : []),
      ...(allStale ? [allStale, ...all.filter(({ id }) => fresh.has(id)).map(upsert)] : []),
      ...stale.values(),
    ];
  }
}

function upsert(session: Session): Change {
  return { type: 'upsert', session };
}
