/** Tells an iteration about its source. */
export interface Feed {
  /** There may be something to take. */
  notify(): void;
  /** No more values will come. Those that are there can still be taken; then the error is thrown, if there is one. */
  finish(error: Error | null): void;
}

/** Supplies the values of one iteration. */
export interface PullSource<T> {
  /** Returns the next value; undefined while there is none. */
  take(): T | undefined;
  /** Releases what the source holds. Values that are there may still be taken. Called once. */
  stop(): void;
}

/**
 * Creates an async iterable. Each iteration opens a source of its own.
 *
 * @param signal ends all iterations when it aborts
 */
export function createAsyncIterable<T>(
  signal: AbortSignal | undefined,
  open: (feed: Feed) => PullSource<T>,
): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => startIteration(signal, open) };
}

/**
 * Starts one iteration. The source is opened before this returns. The iteration ends at once when the signal aborts or
 * `return()` is called, also while `next()` waits: `return()` of an async generator function would wait for that `next()`.
 */
export function startIteration<T>(
  signal: AbortSignal | undefined,
  open: (feed: Feed) => PullSource<T>,
): AsyncGenerator<T, undefined, undefined> {
  type Result = IteratorResult<T, undefined>;
  const waiting: { resolve(result: Result): void; reject(error: Error): void }[] = [];
  let end: { error: Error | null } | null = null;
  let source: PullSource<T> | null = null;
  let isStopped = false;

  signal?.addEventListener('abort', abandon, { once: true });
  if (signal?.aborted) abandon();
  else {
    source = open({ notify, finish });
    // It may have finished while it was opened.
    if (end) release();
  }

  return {
    next() {
      const value = take();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      if (end) return settleEnd();
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      abandon();
      return Promise.resolve(DONE);
    },
    throw(error) {
      abandon();
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  function take(): T | undefined {
    return source?.take();
  }

  function notify(): void {
    const [first] = waiting;
    if (!first) return;
    const value = take();
    if (value === undefined) return;
    waiting.shift();
    first.resolve({ done: false, value });
    notify();
  }

  function finish(error: Error | null): void {
    if (end) return;
    notify();
    end = { error };
    release();
    for (const { resolve, reject } of waiting.splice(0)) settleEnd().then(resolve, reject);
  }

  /** Throws the error once. After that the iteration is over. */
  function settleEnd(): Promise<Result> {
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
