import type { SessionId } from '../model/session.js';
import type { Revision } from './journal.js';

/** Functions that are called back with each event. */
interface Listeners<E> {
  readonly size: number;
  /** Adds one, also one that is there already: each is ended by itself. Returns its end, harmless when called twice. */
  add(listener: (event: E) => void): () => void;
  /** Calls each, whatever the others throw. */
  tell(event: E): void;
  clear(): void;
}

/**
 * No listeners yet.
 *
 * @param onError is handed what a listener throws
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
    tell(event) {
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

/** Who is told of revisions: of all, or of one Session's, which then cost only its own subscribers anything. */
interface Subscribers {
  readonly size: number;
  /** Without an id it is told of every revision. Returns its end. */
  add(listener: (revision: Revision) => void, id?: SessionId): () => void;
  tell(revision: Revision): void;
  clear(): void;
}

/**
 * No subscribers yet.
 *
 * @param onError is handed what a listener throws
 */
export function createSubscribers(onError: (error: unknown) => void): Subscribers {
  const toAll = createListeners<Revision>(onError);
  const toOne = new Map<SessionId, Listeners<Revision>>();

  return {
    get size() {
      return [...toOne.values()].reduce((sum, { size }) => sum + size, toAll.size);
    },
    add: (listener, id) => (id === undefined ? toAll.add(listener) : addToOne(id, listener)),
    tell(revision) {
      toAll.tell(revision);
      toOne.get(revision.id)?.tell(revision);
    },
    clear() {
      toAll.clear();
      toOne.clear();
    },
  };

  function addToOne(id: SessionId, listener: (revision: Revision) => void): () => void {
    const own = toOne.get(id) ?? createListeners<Revision>(onError);
    toOne.set(id, own);
    const end = own.add(listener);
    return () => {
      end();
      if (own.size === 0 && toOne.get(id) === own) toOne.delete(id);
    };
  }
}
