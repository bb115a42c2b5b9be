import type { Change } from '../model/change.js';
import type { SessionLog } from '../model/log.js';
import type { Session, SessionId, Target } from '../model/session.js';
import type { PushChange, SessionProvider } from './provider.js';

/** A source that a program feeds: for embedding the gateway, and for tests. */
export interface MemorySource {
  readonly provider: SessionProvider;
  /**
   * Adds a Session, or replaces it with a newer state. Its facts are replaced as well, or unknown.
   *
   * Sessions are immutable: a target that is the same object as in the last state, in another list, counts as
   * unchanged and is not compared.
   */
  put(session: Session): void;
  /** Removes a Session. */
  remove(id: SessionId): void;
  /** Replaces all Sessions. */
  replaceAll(sessions: readonly Session[]): void;
  /** Marks one Session (without an id: all) as STALE until it is put again. `error` is one line. */
  markStale(error: string, id?: SessionId): void;
  /** Sets the log of a Session; null for none. It is kept until the source ends. */
  setLog(id: SessionId, log: SessionLog | null): void;
  /** Rejects the current watches with the error. */
  fail(error: unknown): void;
  /** Ends the source: current and later watches resolve. Later changes are ignored. */
  end(): void;
}

/**
 * Creates a source that keeps Sessions in memory and pushes every change to each watch before the call
 * returns.
 *
 * @param sessions initial Sessions. Default: none
 */
export function createMemoryProvider(name: string, sessions: readonly Session[] = []): MemorySource {
  const state = createReplayState(sessions);
  const logs = new Map<SessionId, SessionLog | null>();
  const watches = new Set<Watch>();
  let isEnded = false;

  return {
    provider: { name, watch },
    put: (session) => apply(state.upsertOf(session)),
    remove: (id) => apply({ type: 'remove', id }),
    replaceAll: (all) => apply({ type: 'snapshot', sessions: all }),
    markStale: (error, id) => apply({ type: 'stale', error, ...(id !== undefined && { id }) }),
    setLog(id, log) {
      if (isEnded) return;
      logs.set(id, log);
      for (const { push } of watches) push({ type: 'log', id, log });
    },
    fail: (error) => settleAll((watch) => watch.reject(error)),
    end() {
      isEnded = true;
      settleAll((watch) => watch.resolve());
    },
  };

  function apply(change: SessionChange): void {
    if (isEnded) return;
    state.apply(change);
    for (const { push } of watches) push(change);
  }

  function settleAll(settle: (watch: Watch) => void): void {
    const all = [...watches];
    watches.clear();
    all.forEach(settle);
  }

  async function watch(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    state.changes().forEach(push);
    for (const [id, log] of logs) push({ type: 'log', id, log });
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

/** The changes of which a memory source consists. */
type SessionChange = Exclude<Change, { readonly type: 'availability' | 'log' }>;

/** Creates the state that a new watch replays: the fewest changes that lead to the present state. */
function createReplayState(initial: readonly Session[]) {
  let sessions = new Map<SessionId, Session>();
  /**
   * Changes after the snapshot: `stale` changes, which become a part of it, and, once all Sessions were
   * stale, the upserts since then. At most one for each Session, and one.
   */
  let laterChanges: SessionChange[] = [];
  replaceAll(initial);

  return {
    apply,
    upsertOf(session: Session): SessionChange {
      const changedTargets = findChanged(sessions.get(session.id)?.status.targets, session.status.targets);
      return { type: 'upsert', session, ...(changedTargets && { changedTargets }) };
    },
    changes(): Change[] {
      const stale = laterChanges.filter((change) => change.type === 'stale');
      return [
        { type: 'snapshot', sessions: [...sessions.values()], ...(stale.length > 0 && { stale }) },
        ...laterChanges.filter(({ type }) => type !== 'stale'),
      ];
    },
  };

  function apply(change: SessionChange): void {
    switch (change.type) {
      case 'snapshot':
        replaceAll(change.sessions);
        break;
      case 'upsert':
        sessions.set(change.session.id, change.session);
        laterChanges = laterChanges.filter((earlier) => idOf(earlier) !== change.session.id);
        if (laterChanges.some((earlier) => idOf(earlier) === undefined)) laterChanges.push(change);
        break;
      case 'remove':
        sessions.delete(change.id);
        laterChanges = laterChanges.filter((earlier) => idOf(earlier) !== change.id);
        break;
      case 'stale':
        laterChanges =
          change.id === undefined
            ? [change]
            : [...laterChanges.filter((earlier) => idOf(earlier) !== change.id), change];
    }
  }

  function replaceAll(all: readonly Session[]): void {
    sessions = new Map(all.map((session) => [session.id, session]));
    laterChanges = [];
  }
}

/**
 * Indices of the targets that are not the same objects as before; null if any may differ. Reading the others
 * takes 0.1 ms for 100 targets which have left the processor's cache.
 */
function findChanged(before: readonly Target[] | undefined, after: readonly Target[]): number[] | null {
  // The same list may have been changed in place.
  if (before === undefined || before === after || before.length !== after.length) return null;
  const changed: number[] = [];
  for (let index = 0; index < after.length; index += 1)
    if (before[index] !== after[index]) changed.push(index);
  return changed.length === after.length ? null : changed;
}

function idOf(change: SessionChange): SessionId | undefined {
  if (change.type === 'snapshot') return undefined;
  return change.type === 'upsert' ? change.session.id : change.id;
}
