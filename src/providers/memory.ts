import type { Change } from '../model/change.js';
import type { Session, SessionId } from '../model/session.js';
import type { PushChange, SessionProvider } from './provider.js';

/** A source that a program feeds by itself: for embedding the gateway, and for tests. */
export interface MemorySource {
  readonly provider: SessionProvider;
  /** Adds a Session, or replaces it by a newer state. */
  put(session: Session): void;
  /** Removes a Session. */
  remove(id: SessionId): void;
  /** Replaces all Sessions. */
  replaceAll(sessions: readonly Session[]): void;
  /** Marks one Session (without an id: every one) as possibly out of date until it is put again; `error` says why, in one line. */
  markStale(error: string, id?: SessionId): void;
  /** Makes the present watches reject with the error. Without a watch nothing happens. */
  fail(error: unknown): void;
  /** Ends the source: watches, present and later ones, resolve. Later calls of `put` and the like are ignored. */
  end(): void;
}

/**
 * Creates a source that keeps Sessions in memory and pushes every change to each watch, before the call that made it returns.
 *
 * @param sessions what it holds at first; default none
 */
export function createMemoryProvider(name: string, sessions: readonly Session[] = []): MemorySource {
  const known = createKnown(sessions);
  const watches = new Set<Watch>();
  let isEnded = false;

  return {
    provider: { name, watch },
    put: (session) => apply({ type: 'upsert', session }),
    remove: (id) => apply({ type: 'remove', id }),
    replaceAll: (all) => apply({ type: 'snapshot', sessions: all }),
    markStale: (error, id) => apply({ type: 'stale', error, ...(id !== undefined && { id }) }),
    fail: (error) => settleAll((watch) => watch.reject(error)),
    end() {
      isEnded = true;
      settleAll((watch) => watch.resolve());
    },
  };

  function apply(change: Change): void {
    if (isEnded) return;
    known.apply(change);
    for (const { push } of watches) push(change);
  }

  function settleAll(settle: (watch: Watch) => void): void {
    const all = [...watches];
    watches.clear();
    all.forEach(settle);
  }

  async function watch(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    known.changes().forEach(push);
    if (isEnded) return;
    let abort = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const watch = { push, resolve, reject };
        abort = () => {
          watches.delete(watch);
          resolve();
        };
        watches.add(watch);
        signal.addEventListener('abort', abort);
      });
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

interface Watch {
  readonly push: PushChange;
  resolve(): void;
  reject(error: unknown): void;
}

/** Folds changes into the fewest that lead to the same state, for a watch that begins. */
function createKnown(initial: readonly Session[]) {
  let sessions = new Map<SessionId, Session>();
  /** What is stale and, once that was everything, what has had a new state since. At most two for each Session, and one. */
  let afterwards: Change[] = [];
  replaceAll(initial);

  return {
    apply,
    changes: (): Change[] => [{ type: 'snapshot', sessions: [...sessions.values()] }, ...afterwards],
  };

  function apply(change: Change): void {
    switch (change.type) {
      case 'snapshot':
        replaceAll(change.sessions);
        break;
      case 'upsert':
        sessions.set(change.session.id, change.session);
        afterwards = afterwards.filter((earlier) => idOf(earlier) !== change.session.id);
        if (afterwards.some((earlier) => idOf(earlier) === undefined)) afterwards.push(change);
        break;
      case 'remove':
        sessions.delete(change.id);
        afterwards = afterwards.filter((earlier) => idOf(earlier) !== change.id);
        break;
      case 'stale':
        if (change.id === undefined) afterwards = [];
        afterwards = [
          ...afterwards.filter((earlier) => earlier.type === 'upsert' || idOf(earlier) !== change.id),
          change,
        ];
    }
  }

  function replaceAll(all: readonly Session[]): void {
    sessions = new Map(all.map((session) => [session.id, session]));
    afterwards = [];
  }
}

function idOf(change: Change): SessionId | undefined {
  if (change.type === 'snapshot') return undefined;
  return change.type === 'upsert' ? change.session.id : change.id;
}
