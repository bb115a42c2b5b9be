/** What an iteration is fed by. */
export interface Feed {
  /** There may be something to take. */
  wake(): void;
  /** Nothing more will come: what is there can still be taken, and then the error, if there is one, is thrown. */
  finish(error: Error | null): void;
}

/** Where an iteration's values come from. */
export interface Source<T> {
  /** The next value; undefined while there is none. */
  take(): T | undefined;
  /** Nothing more is wanted; what is there may still be taken. Called once. */
  stop(): void;
}

/**
 * Something to iterate. Each iteration has a source of its own, opened with it, and ends at once when the signal aborts or its
 * consumer breaks out, also while it waits: an async generator's `return()` would wait for a pending `next()`.
 */
export function iterable<T>(
  signal: AbortSignal | undefined,
  open: (feed: Feed) => Source<T>,
): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterate(signal, open) };
}

function iterate<T>(
  signal: AbortSignal | undefined,
  open: (feed: Feed) => Source<T>,
): AsyncIterator<T, undefined> {
  type Result = IteratorResult<T, undefined>;
  const waiting: { resolve(result: Result): void; reject(error: Error): void }[] = [];
  let end: { error: Error | null } | null = null;
  let source: Source<T> | null = null;
  let isStopped = false;

  signal?.addEventListener('abort', abandon, { once: true });
  if (signal?.aborted) abandon();
  else {
    source = open({ wake, finish });
    // It may have come to its end while it was opened.
    if (end) release();
  }

  return {
    next() {
      const value = take();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      if (end) return ending();
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      abandon();
      return Promise.resolve(DONE);
    },
  };

  function take(): T | undefined {
    return source?.take();
  }

  function wake(): void {
    const [first] = waiting;
    if (!first) return;
    const value = take();
    if (value === undefined) return;
    waiting.shift();
    first.resolve({ done: false, value });
    wake();
  }

  function finish(error: Error | null): void {
    if (end) return;
    wake();
    end = { error };
    release();
    for (const { resolve, reject } of waiting.splice(0)) ending().then(resolve, reject);
  }

  /** An error is thrown once; after it the iteration is over. */
  function ending(): Promise<Result> {
    const error = end?.error ?? null;
    end = { error: null };
    return error === null ? Promise.resolve(DONE) : Promise.reject(error);
  }

  function abandon(): void {
    end = { error: null };
    release();
    source = null;
    for (const { resolve } of waiting.splice(0)) resolve(DONE);
  }

  function release(): void {
    signal?.removeEventListener('abort', abandon);
    if (source === null || isStopped) return;
    isStopped = true;
    source.stop();
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
