import { type Feed, type PullSource, startIteration } from '../lib/async-iterable.js';
import type { ReaderCounts } from '../lib/metrics.js';
import type { ReadableStore } from '../store/scoped.js';
import { type BacklogLimits, conflatedIn, createBacklog } from './backlog.js';
import { dueEvent, snapshotEvent } from './events.js';
import type { Group } from './group.js';
import { isRepeated, type Payload } from './payload.js';
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

/** See {@link createPulledReader}. */
export interface PulledReaderOptions extends Pick<ReaderOptions<LiveEvent>, 'since' | 'limits'> {
  /** Closes the reader's connection when it takes too long to read a large payload. */
  readonly cut: () => void;
}

/** A stream of a group's payloads. */
export type PayloadStream = AsyncGenerator<Payload, undefined, undefined>;

/**
 * Starts a stream of events. The snapshot is taken and the reader registered before this returns, in one tick (S1):
 * nothing can fall between them. It is pulled: what is not taken waits in a bounded backlog (S5). `return()` ends it at
 * once, also while it is idle (S7).
 */
export function createReader<E extends LiveEvent>(
  options: ReaderOptions<E>,
): AsyncGenerator<E, undefined, undefined> {
  return startIteration(undefined, (feed) => openReader(options, feed));
}

/**
 * Starts a stream of the payloads of a reader's events, without those that repeat the one before (S6).
 *
 * @param leave called when the stream ends
 */
export function createPulledReader(
  group: Group,
  options: PulledReaderOptions,
  leave: () => void,
): PayloadStream {
  const { store, view } = group;
  const counts = group.metrics.pulled;
  return startIteration(undefined, (feed) => {
    const events = openReader({ ...options, store, view, counts }, feed);
    let executed: Payload | null = null;
    let isExecuting = false;
    /** Identity of the payload that was taken last. */
    let last: Buffer | null = null;
    let release: (() => void) | undefined;
    return {
      take() {
        // Whoever asks for the next payload has sent the one before.
        release?.();
        release = undefined;
        for (let payload = next(); payload !== null; payload = next()) {
          if (isRepeated(payload, last)) continue;
          last = payload.identity;
          release = payload.memory?.retain(options.cut);
          counts.payloads += 1;
          return payload;
        }
        return undefined;
      },
      stop() {
        release?.();
        leave();
        events.stop();
      },
    };

    function next(): Payload | null {
      if (isExecuting) return null;
      const payload = executed ?? execute();
      executed = null;
      return payload;
    }

    function execute(): Payload | null {
      const event = events.take();
      if (event === undefined) return null;
      const payload = group.payloadOf(event);
      if (!(payload instanceof Promise)) return payload;
      isExecuting = true;
      void payload.then((made) => {
        isExecuting = false;
        executed = made;
        feed.notify();
      });
      return null;
    }
  });
}

function openReader<E extends LiveEvent>(options: ReaderOptions<E>, feed: Feed): PullSource<E> {
  const { store, view, since, limits, counts } = options;
  const backlog = createBacklog(limits);
  let first: E | null = null;

  const missed = since === null ? null : store.since(since, view.only);
  if (missed === null) first = snapshotEvent(view, store);
  else for (const revision of missed) if (view.wants(revision)) backlog.add(revision);

  const unsubscribe = store.subscribe((revision) => {
    if (!view.wants(revision)) return;
    backlog.add(revision);
    feed.notify();
  }, view.only);

  return {
    take,
    stop() {
      unsubscribe();
      backlog.clear();
      first = null;
    },
  };

  function take(): E | undefined {
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
    return undefined;
  }
}
