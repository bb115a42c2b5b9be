import type { Change, StaleState } from '../../model/change.js';
import type { SessionFacts } from '../../model/facts.js';
import type { Session, SessionId } from '../../model/session.js';
import { diffUnavailable, type FactTable, type Unavailable, withFacts } from '../fact-table.js';

/** Attaches the facts of a table to the Sessions of changes. */
export interface FactAttacher {
  /**
   * Returns the changes with the newest facts, followed by an upsert of every other Session whose facts have
   * changed, and by the problems of the facts. A STALE Session keeps its last good state.
   */
  attach(changes: readonly Change[]): Change[];
  /** Ids of the present Sessions. */
  readonly ids: readonly SessionId[];
}

/** Creates an attacher that knows no Sessions. Each change passes through it once. */
export function createFactAttacher(table: Pick<FactTable, 'factsOf' | 'unavailable'>): FactAttacher {
  /** The newest state of each Session, without facts. */
  const sessions = new Map<SessionId, Session>();
  const stale = new Set<SessionId>();
  /** The facts that each Session was pushed with. */
  const attached = new Map<SessionId, SessionFacts | undefined>();
  let reported: Unavailable = new Map();

  return {
    attach(changes) {
      const current = new Set<SessionId>();
      for (const change of changes) track(change, current);
      const { unavailable } = table;
      const result = [
        ...changes.map(attachTo),
        ...attachToOthers(current),
        ...diffUnavailable(reported, unavailable),
      ];
      reported = unavailable;
      return result;
    },
    get ids() {
      return [...sessions.keys()];
    },
  };

  /** @param current ids of the Sessions of these changes */
  function track(change: Change, current: Set<SessionId>): void {
    switch (change.type) {
      case 'snapshot':
        sessions.clear();
        stale.clear();
        attached.clear();
        for (const session of change.sessions) add(session, current);
        change.stale?.forEach(markStale);
        break;
      case 'upsert':
        add(change.session, current);
        break;
      case 'remove':
        sessions.delete(change.id);
        stale.delete(change.id);
        attached.delete(change.id);
        break;
      case 'stale':
        markStale(change);
    }
  }

  function markStale({ id }: StaleState): void {
    for (const each of id === undefined ? sessions.keys() : [id]) stale.add(each);
  }

  function add(session: Session, current: Set<SessionId>): void {
    sessions.set(session.id, session);
    stale.delete(session.id);
    current.add(session.id);
  }

  function attachToOthers(current: ReadonlySet<SessionId>): Change[] {
    return [...sessions.values()]
      .filter(({ id }) => !current.has(id) && !stale.has(id))
      .filter(({ id, instance }) => table.factsOf(instance) !== attached.get(id))
      .map((session) => ({ type: 'upsert', session: attachFacts(session), changedTargets: [] }));
  }

  function attachTo(change: Change): Change {
    if (change.type === 'upsert') return { ...change, session: attachFacts(change.session) };
    if (change.type !== 'snapshot') return change;
    return { ...change, sessions: change.sessions.map(attachFacts) };
  }

  function attachFacts(session: Session): Session {
    const facts = table.factsOf(session.instance);
    // A later change of the same chunk may have removed it.
    if (sessions.has(session.id)) attached.set(session.id, facts);
    return withFacts(session, facts);
  }
}
