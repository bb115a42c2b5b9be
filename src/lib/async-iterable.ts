/** Callbacks from the source of an iteration. */
export interface Feed {
  /** Reports that a value may be available. */
  notify(): void;
  /** Reports the end. Available values can still be taken; after them the error, if any, is thrown. */
  finish(error: Error | null): void;
}

/** Supplies the values of one iteration. */
export interface PullSource<T> {
  /** Takes the next value; undefined while none is available. */
  take(): T | undefined;
  /** Releases resources. Values that are available can still be taken. Called once. */
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
 * Starts one iteration. Opens the source before it returns. The iteration ends at once when the signal aborts
 * or `return()` is called, even while `next()` is pending; `return()` of an async generator function would
 * wait for that `next()`.
 */
export function startIteration<T>(
  signal: AbortSignal | undefined,
  open: (feed: Feed) => PullSource<T>,
): AsyncGenerator<T, undefined, undefined> {
  type Result = IteratorResult<T, undefined>;
  const pending: { resolve(result: Result): void; reject(error: Error): void }[] = [];
  let end: { error: Error | null } | null = null;
  let source: PullSource<T> | null = null;
  let isStopped = false;

  signal?.addEventListener('abort', abandon, { once: true });
  if (signal?.aborted) abandon();
  else {
    source = open({ notify, finish });
    // `open` may have called `finish`.
    if (end) release();
  }

  return {
    next() {
      const value = source?.take();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      if (end) return settleEnd();
      return new Promise((resolve, reject) => pending.push({ resolve, reject }));
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

  function notify(): void {
    const [first] = pending;
    if (!first) return;
    const value = source?.take();
    if (value === undefined) return;
    pending.shift();
    first.resolve({ done: false, value });
    notify();
  }

  function finish(error: Error | null): void {
    if (end) return;
    notify();
    end = { error };
    release();
    for (const { resolve, reject } of pending.splice(0)) settleEnd().then(resolve, reject);
  }

  /** Throws the error once; later calls are done. */
  function settleEnd(): Promise<Result> {
    const error = end?.error ?? null;
    end = { error: null };
    return error === null ? Promise.resolve(DONE) : Promise.reject(error);
  }

  function abandon(): void {
    end = { error: null };
    release();
    source = null;
    for (const { resolve } of pending.splice(0)) resolve(DONE);
  }

  function release(): void {
    signal?.removeEventListener('abort', abandon);
    if (source === null || isStopped) return;
    isStopped = true;
    source.stop();
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
