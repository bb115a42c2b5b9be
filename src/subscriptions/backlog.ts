import type { SessionId } from '../model/session.js';
import type { Revision } from '../store/journal.js';
import {
  type MergedUpdate,
  type Projection,
  type SourceEvent,
  snapshotEvent,
  toMergedUpdate,
  type UpdateSource,
  updateEvent,
} from './projection.js';

/** Next update or updates for a reader. */
export type PendingUpdate =
  /** Consecutive updates, merged by Session; `updates` is their number. */
  | {
      readonly type: 'updates';
      readonly merged: readonly MergedUpdate[];
      /** Number of the oldest revision, and of the newest. */
      readonly first: number;
      readonly number: number;
      readonly updates: number;
    }
  /** More was missed than is kept: the complete state is sent. */
  | { readonly type: 'reset'; readonly updates: number };

/** Returns the number of updates that were merged; 0 for a single update. */
export function countConflated({ type, updates }: PendingUpdate): number {
  return type === 'reset' || updates > 1 ? updates : 0;
}

/** Limits of what is kept for a reader that lags. */
export interface BacklogLimits {
  /**
   * Updates that are kept one by one. With one more, all are merged by Session, so that no outdated state is
   * sent (S5).
   */
  readonly updates: number;
  /** Sessions whose updates are merged. With one more the reader is sent the complete state. */
  readonly sessions: number;
}

/** A burst of 64 updates is normal for a healthy reader; 1,000 merged Sessions are 100 kB of references. */
export const DEFAULT_BACKLOG_LIMITS: BacklogLimits = { updates: 64, sessions: 1_000 };

/** The updates that a reader has not been sent yet: bounded, and merged beyond the bound (S5). */
export interface Backlog {
  add(revision: Revision): void;
  /** Removes and returns the next pending update, or null. */
  take(): PendingUpdate | null;
}

/** Creates an empty backlog. */
export function createBacklog(limits: BacklogLimits): Backlog {
  const queue: Revision[] = [];
  const merged = new Map<SessionId, MergedUpdate>();
  let state: 'queueing' | 'merging' | 'lost' = 'queueing';
  let updates = 0;
  let first = 0;
  let number = 0;

  return {
    add(revision) {
      if (updates === 0) first = revision.number;
      updates += 1;
      number = revision.number;
      if (state === 'queueing') {
        queue.push(revision);
        if (queue.length > limits.updates) mergeQueue();
      } else if (state === 'merging') {
        merge(revision);
      }
    },
    take() {
      if (state === 'queueing') return takeOne();
      const pending: PendingUpdate =
        state === 'lost'
          ? { type: 'reset', updates }
          : { type: 'updates', merged: [...merged.values()], first, number, updates };
      merged.clear();
      state = 'queueing';
      updates = 0;
      return pending;
    },
  };

  function takeOne(): PendingUpdate | null {
    const revision = queue.shift();
    if (!revision) return null;
    updates -= 1;
    first = queue[0]?.number ?? 0;
    const { number } = revision;
    return { type: 'updates', merged: [toMergedUpdate(revision)], first: number, number, updates: 1 };
  }

  function mergeQueue(): void {
    state = 'merging';
    for (const revision of queue) merge(revision);
    queue.length = 0;
  }

  function merge(revision: Revision): void {
    if (state === 'lost') return;
    const earlier = merged.get(revision.id);
    const update = earlier ? withLater(earlier, revision) : toMergedUpdate(revision);
    merged.set(revision.id, update);
    if (merged.size <= limits.sessions) return;
    state = 'lost';
    merged.clear();
  }
}

function withLater(earlier: MergedUpdate, { number, after, isResync = false }: Revision): MergedUpdate {
  return { ...earlier, after, number, revision: null, isResync: earlier.isResync || isResync };
}

/**
 * Creates the event for pending updates. Returns null when they contain nothing that the reader selects.
 *
 * @param key cache key of merged updates
 */
export function pendingEvent<E extends SourceEvent>(
  projection: Projection<E>,
  store: UpdateSource,
  pending: PendingUpdate,
  key: string | null,
): E | null {
  const { updates } = pending;
  if (pending.type === 'reset') return snapshotEvent(projection, store, updates);
  const [first] = pending.merged;
  if (updates === 1 && first?.revision) return updateEvent(projection, store, first.revision);
  const cursor = store.cursorOf(pending.number);
  return projection.changes(pending.merged, { cursor, reset: false, conflated: updates, cacheKey: key });
}
