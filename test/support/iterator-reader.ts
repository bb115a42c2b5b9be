/** Takes values by hand from something that is iterated. */
export interface IteratorReader<T> extends AsyncDisposable {
  /** The next value. Fails when there is none any more. */
  next(): Promise<T>;
  /** The first value from here on that this holds for. */
  until(holds: (value: T) => boolean): Promise<T>;
  /** Breaks out, as the end of a loop does. */
  end(): Promise<void>;
}

/** Begins to iterate. Breaks out at the end of its block. */
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
    if (result.done) throw new Error('It has ended.');
    return result.value;
  }

  async function end(): Promise<void> {
    await iterator.return?.();
  }
}
