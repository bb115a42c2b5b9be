/** Reads values one by one from an async iterable. */
export interface IteratorReader<T> extends AsyncDisposable {
  /** Resolves with the next value. Rejects at the end. */
  next(): Promise<T>;
  /** Resolves with the next value that satisfies the predicate. */
  until(holds: (value: T) => boolean): Promise<T>;
  /** Ends the iteration, as `break` in a `for await` loop does. */
  end(): Promise<void>;
}

/** Starts an iteration, which ends at the end of its block (`await using`). */
export function readIterator<T>(iterable: AsyncIterable<T>): IteratorReader<T> {
  const iterator = iterable[Symbol.asyncIterator]();
  return {
    next,
    async until(holds) {
      for (;;) {
        const value = await next();
        if (holds(value)) return value;
      }
    },
    end,
    [Symbol.asyncDispose]: end,
  };

  async function next(): Promise<T> {
    const result = await iterator.next();
    if (result.done) throw new Error('The iterator has ended.');
    return result.value;
  }

  async function end(): Promise<void> {
    await iterator.return?.();
  }
}
