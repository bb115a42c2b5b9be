import { createScope } from '../lib/scope.js';
import type { Change } from '../model/change.js';
import { createLatestChanges } from './latest-changes.js';

/** Takes a change at once: it neither waits nor throws. */
export type PushChange = (change: Change) => void;

/** Makes changes until it is done, it fails, or the signal aborts. */
export type ChangeProducer = (push: PushChange, signal: AbortSignal) => Promise<void>;

/**
 * The changes of a producer as an async iterable, each iteration with a run of its own. Aborting the signal, or `return()`,
 * ends an iteration at once, also while it waits. (A generator could not: its `return()` waits for a pending `next()`.)
 *
 * The producer is never held up, whatever the consumer does (guarantee U1: Tilt freezes when a watcher stops reading,
 * so nothing downstream may slow the read). Between them is a queue. When more than `maxBehind` changes wait, they are
 * folded into a snapshot with only the newest state of each Session: a late consumer misses states in between, never the
 * newest. The gateway applies every change at once, so there the queue stays empty.
 */
export function streamChanges(
  produce: ChangeProducer,
  maxBehind: number,
  signal: AbortSignal,
): AsyncIterable<Change> {
  return { [Symbol.asyncIterator]: () => startRun(produce, maxBehind, signal) };
}

function startRun(produce: ChangeProducer, maxBehind: number, signal: AbortSignal): AsyncIterator<Change> {
  const scope = createScope(signal);
  const latest = createLatestChanges();
  let queue: Change[] = [];
  let bound = maxBehind;
  let waiting: ((result: Result | Promise<Result>) => void)[] = [];
  /** Set once nothing more will come: what `next()` gives when the queue is empty. */
  let atEnd: Promise<Result> | null = null;

  scope.signal.addEventListener('abort', abandon, { once: true });
  if (scope.signal.aborted) abandon();
  else produce(push, scope.signal).then(complete, fail);

  return {
    next() {
      const change = queue.shift();
      if (change) return Promise.resolve({ done: false, value: change });
      return atEnd ? takeEnd(atEnd) : new Promise((resolve) => waiting.push(resolve));
    },
    return() {
      abandon();
      return DONE;
    },
  };

  function push(change: Change): void {
    if (atEnd) return;
    latest.apply(change);
    const next = waiting.shift();
    if (next) next({ done: false, value: change });
    else queue.push(change);
    if (queue.length > bound) fold();
  }

  function fold(): void {
    queue = latest.changes();
    bound = queue.length + maxBehind;
  }

  /** Nobody wants the rest: what is queued is dropped. */
  function abandon(): void {
    queue = [];
    atEnd = DONE;
    finish();
  }

  function complete(): void {
    atEnd ??= DONE;
    finish();
  }

  function fail(error: unknown): void {
    atEnd ??= Promise.reject(error);
    // Whoever asks next gets the error; until then it must not count as unhandled.
    atEnd.catch(() => {});
    finish();
  }

  function finish(): void {
    const left = waiting;
    waiting = [];
    for (const next of left) next(takeEnd(atEnd ?? DONE));
    // What is queued is still to be had.
    scope.signal.removeEventListener('abort', abandon);
    scope.end();
  }

  /** An error is told once; after it the iteration is over. */
  function takeEnd(end: Promise<Result>): Promise<Result> {
    atEnd = DONE;
    return end;
  }
}

type Result = IteratorResult<Change>;

const DONE: Promise<Result> = Promise.resolve({ done: true, value: undefined });
