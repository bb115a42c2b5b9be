import type { ReaderCounts } from '../lib/metrics.js';
import type { ReadableStore } from '../store/scoped.js';
import { type BacklogLimits, conflatedIn, createBacklog } from './backlog.js';
import { dueEvent, snapshotEvent } from './events.js';
import type { LiveEvent, View } from './view.js';

/** What a reader shows, and where it begins. */
export interface ReaderOptions<E extends LiveEvent> {
  readonly store: ReadableStore;
  readonly view: View<E>;
  /** The cursor last seen. What was missed since comes first; where the store cannot tell any more, everything (S4). */
  readonly since: string | null;
  readonly limits: BacklogLimits;
  readonly counts: ReaderCounts;
}

/**
 * Begins a stream of events. The snapshot is taken and the reader registered before this returns, in one tick (S1):
 * nothing can fall between them. It is pulled: what is not taken waits in a bounded backlog (S5). `return()` ends it at
 * once, also while it is idle (S7), which an async generator function could not do.
 */
export function createReader<E extends LiveEvent>(
  options: ReaderOptions<E>,
): AsyncGenerator<E, undefined, undefined> {
  const { store, view, since, limits, counts } = options;
  const backlog = createBacklog(limits);
  const waiting: ((result: IteratorResult<E, undefined>) => void)[] = [];
  let first: E | null = null;
  let ended = false;

  const missed = since === null ? null : store.since(since, view.only);
  if (missed === null) first = snapshotEvent(view, store);
  else for (const revision of missed) if (view.wants(revision)) backlog.add(revision);

  const unsubscribe = store.subscribe((revision) => {
    if (!view.wants(revision)) return;
    backlog.add(revision);
    if (waiting.length > 0) deliver();
  }, view.only);

  return {
    next() {
      if (ended) return Promise.resolve({ done: true, value: undefined });
      const value = take();
      if (value !== null) return Promise.resolve({ done: false, value });
      return new Promise((resolve) => waiting.push(resolve));
    },
    return() {
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    throw(error) {
      end();
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  function deliver(): void {
    const value = take();
    if (value !== null) waiting.shift()?.({ done: false, value });
  }

  function take(): E | null {
    if (first !== null) {
      const value = first;
      first = null;
      return value;
    }
    for (let due = backlog.take(); due !== null; due = backlog.take()) {
      counts.conflated += conflatedIn(due);
      const event = dueEvent(view, store, due);
      if (event !== null) return event;
    }
    return null;
  }

  function end(): void {
    if (ended) return;
    ended = true;
    unsubscribe();
    backlog.clear();
    first = null;
    for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}
