import type { Change, StaleState } from '../../model/change.js';
import type { SessionFacts } from '../../model/facts.js';
import type { Session, SessionId } from '../../model/session.js';

/** Attaches facts to the Sessions of one API server. */
export interface FactsComposer {
  /** Returns the change with the newest facts in its Sessions. */
  compose(change: Change): Change;
  /** Returns an upsert for each Session that was pushed with older facts. */
  refresh(): Change[];
}

/**
 * Creates a composer that has seen no Session yet. No I/O.
 *
 * A Session that is stale receives no facts alone, because an upsert would make it LIVE. Its next good state
 * carries them.
 *
 * @param readFacts returns the newest facts about a Session: the same object until they change
 */
export function createFactsComposer(readFacts: (session: Session) => SessionFacts): FactsComposer {
  const pushed = new Map<SessionId, Pushed>();

  return {
    compose(change) {
      switch (change.type) {
        case 'snapshot':
          pushed.clear();
          return composeSnapshot(change);
        case 'upsert':
          return { ...change, session: attach(change.session) };
        case 'remove':
          pushed.delete(change.id);
          return change;
        case 'stale':
          markStale(change);
          return change;
        default:
          return change;
      }
    },
    refresh() {
      const outdated = [...pushed.values()].filter(
        ({ session, facts, isStale }) => !isStale && readFacts(session) !== facts,
      );
      return outdated.map(({ session }) => ({
        type: 'upsert',
        session: attach(session),
        changedTargets: [],
      }));
    },
  };

  function attach(session: Session): Session {
    const facts = readFacts(session);
    pushed.set(session.id, { session, facts, isStale: false });
    return { ...session, facts };
  }

  function composeSnapshot(change: Extract<Change, { readonly type: 'snapshot' }>): Change {
    const sessions = change.sessions.map(attach);
    change.stale?.forEach(markStale);
    return { ...change, sessions };
  }

  function markStale({ id }: StaleState): void {
    for (const each of id === undefined ? pushed.keys() : [id]) {
      const last = pushed.get(each);
      if (last) pushed.set(each, { ...last, isStale: true });
    }
  }
}

interface Pushed {
  /** The Session without facts. */
  readonly session: Session;
  readonly facts: SessionFacts;
  readonly isStale: boolean;
}
