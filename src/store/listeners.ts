import type { SessionId } from '../model/session.js';
import type { Revision } from './journal.js';

/** Functions that are called with each event. */
interface Listeners<E> {
  readonly size: number;
  /**
   * Adds a listener; one that is added twice is called twice. Returns the function that removes it, which may
   * be called repeatedly.
   */
  add(listener: (event: E) => void): () => void;
  /** Calls every listener, even when some of them throw. */
  notify(event: E): void;
  clear(): void;
}

/**
 * Creates an empty set of listeners.
 *
 * @param onError receives each error that a listener throws
 */
export function createListeners<E>(onError: (error: unknown) => void): Listeners<E> {
  const entries = new Set<{ readonly call: (event: E) => void }>();

  return {
    get size() {
      return entries.size;
    },
    add(listener) {
      const entry = { call: listener };
      entries.add(entry);
      return () => entries.delete(entry);
    },
    notify(event) {
      for (const { call } of entries) {
        try {
          call(event);
        } catch (error) {
          onError(error);
        }
      }
    },
    clear: () => entries.clear(),
  };
}

/** Listeners of revisions. Those of a single Session cost nothing when another Session changes. */
interface Subscribers {
  readonly size: number;
  /**
   * Adds a listener of all revisions or, with an id, of one Session's. Returns a function that removes it.
   */
  add(listener: (revision: Revision) => void, id?: SessionId): () => void;
  notify(revision: Revision): void;
  clear(): void;
}

/**
 * Creates an empty set of subscribers.
 *
 * @param onError receives each error that a listener throws
 */
export function createSubscribers(onError: (error: unknown) => void): Subscribers {
  const ofAll = createListeners<Revision>(onError);
  const bySession = new Map<SessionId, Listeners<Revision>>();

  return {
    get size() {
      return [...bySession.values()].reduce((sum, { size }) => sum + size, ofAll.size);
    },
    add: (listener, id) => (id === undefined ? ofAll.add(listener) : addToSession(id, listener)),
    notify(revision) {
      ofAll.notify(revision);
      bySession.get(revision.id)?.notify(revision);
    },
    clear() {
      ofAll.clear();
      bySession.clear();
    },
  };

  function addToSession(id: SessionId, listener: (revision: Revision) => void): () => void {
    const listeners = bySession.get(id) ?? createListeners<Revision>(onError);
    bySession.set(id, listeners);
    const remove = listeners.add(listener);
    return () => {
      remove();
      if (listeners.size === 0 && bySession.get(id) === listeners) bySession.delete(id);
    };
  }
}
