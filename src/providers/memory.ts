import type { Change } from '../model/change.js';
import type { Session, SessionId } from '../model/session.js';
import { type PushChange, streamChanges } from './change-stream.js';
import { createLatestChanges } from './latest-changes.js';
import { MAX_BEHIND } from './limits.js';
import type { SessionProvider } from './provider.js';

/** A source that a program feeds by itself: for embedding the gateway, and for tests. */
export interface MemorySource {
  readonly provider: SessionProvider;
  /** A Session is new, or newer. */
  put(session: Session): void;
  /** A Session is gone. */
  remove(id: SessionId): void;
  /** These are all there are. */
  replaceAll(sessions: readonly Session[]): void;
  /** One Session (without an id: every one) may be out of date until it is put again; `error` says why, in one line. */
  markStale(error: string, id?: SessionId): void;
  /** The present watches throw the error, after what was said before it. Without a watch nothing happens. */
  fail(error: unknown): void;
  /** The source is at its end: watches, present and later ones, return after what was said before it. */
  end(): void;
}

/** Options of {@link createMemoryProvider}. */
export interface MemoryOptions {
  /**
   * How many changes may wait for a watch that is behind. Beyond it they are folded into one snapshot of the newest
   * state, so that a slow reader costs no more and still ends at the truth. Default: 1,000.
   */
  readonly maxBehind?: number;
}

/**
 * Keeps Sessions in memory, and tells every watch of them in order.
 *
 * @param sessions what it holds at first; default none
 */
export function createMemoryProvider(
  name: string,
  sessions: readonly Session[] = [],
  { maxBehind = MAX_BEHIND }: MemoryOptions = {},
): MemorySource {
  const latest = createLatestChanges();
  const watches = new Set<Watch>();
  let isEnded = false;
  latest.apply({ type: 'snapshot', sessions });

  return {
    provider: { name, watch: (signal) => streamChanges(watch, maxBehind, signal) },
    put: (session) => tell({ type: 'upsert', session }),
    remove: (id) => tell({ type: 'remove', id }),
    replaceAll: (all) => tell({ type: 'snapshot', sessions: all }),
    markStale: (error, id) => tell({ type: 'stale', error, ...(id !== undefined && { id }) }),
    fail: (error) => finish((watch) => watch.reject(error)),
    end() {
      isEnded = true;
      finish((watch) => watch.resolve());
    },
  };

  function tell(change: Change): void {
    if (isEnded) return;
    latest.apply(change);
    for (const { push } of watches) push(change);
  }

  function finish(settle: (watch: Watch) => void): void {
    const all = [...watches];
    watches.clear();
    all.forEach(settle);
  }

  function watch(push: PushChange, signal: AbortSignal): Promise<void> {
    for (const change of latest.changes()) push(change);
    if (isEnded) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const watch = { push, resolve, reject };
      watches.add(watch);
      signal.addEventListener('abort', () => watches.delete(watch), { once: true });
    });
  }
}

interface Watch {
  readonly push: PushChange;
  resolve(): void;
  reject(error: unknown): void;
}
