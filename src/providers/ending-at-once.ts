/**
 * Iterates what `start` gives, and ends at once, even while that is idle, when the signal aborts or `return()` is called.
 * An async generator alone cannot: its `return()` waits for the `next()` that is under way.
 *
 * @param start called at the first `next()`, with a signal that aborts at the end, whatever brought it: what waits inside
 *   listens to it. What it still gives or throws after the end is dropped.
 */
export function endingAtOnce<T>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => AsyncIterator<T>,
): AsyncIterableIterator<T> {
  const ending = new AbortController();
  // Not listeners of the signal, one a `next()`: they took as long as applying an update.
  const waiting = new Set<(result: IteratorResult<T>) => void>();
  let source: AsyncIterator<T> | null = null;
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });

  return {
    next,
    return: async () => {
      end();
      return ENDED;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  function next(): Promise<IteratorResult<T>> {
    if (ending.signal.aborted) return Promise.resolve(ENDED);
    return new Promise((resolve, reject) => {
      waiting.add(resolve);
      pull().then(
        (result) => {
          waiting.delete(resolve);
          if (result.done) end();
          resolve(result);
        },
        (error) => {
          waiting.delete(resolve);
          end();
          reject(error);
        },
      );
    });
  }

  async function pull(): Promise<IteratorResult<T>> {
    source ??= start(ending.signal);
    return source.next();
  }

  function end(): void {
    if (ending.signal.aborted) return;
    signal.removeEventListener('abort', end);
    ending.abort();
    for (const resolve of waiting) resolve(ENDED);
    waiting.clear();
    void release();
  }

  async function release(): Promise<void> {
    try {
      await source?.return?.();
    } catch {
      // Nobody waits for it any more.
    }
  }
}

const ENDED: IteratorReturnResult<undefined> = { done: true, value: undefined };
