/** Divides long work into slices, so that it does not hold up the event loop: the watches of Tilts, and other requests. */
export interface Pacer {
  /** Null while the slice has time left; otherwise resolves in the next slice, where the question has to be asked again. */
  pause(): Promise<void> | null;
}

/** The length of a slice, in milliseconds. Work may exceed it by what lies between two questions. */
export const SLICE_MS = 20;

/** Time, and what comes after the event loop has looked for input and output. */
export interface PacerOptions {
  /** Milliseconds since any moment. */
  readonly monotonic: () => number;
  /** Default: `setImmediate`. */
  readonly afterIo?: (task: () => void) => void;
}

/** Begins with a slice of its own. */
export function createPacer({ monotonic, afterIo = setImmediate }: PacerOptions): Pacer {
  let end = monotonic() + SLICE_MS;
  let next: Promise<void> | null = null;

  return {
    pause() {
      if (next === null && monotonic() >= end) next = new Promise((resolve) => afterIo(() => begin(resolve)));
      return next;
    },
  };

  function begin(resolve: () => void): void {
    next = null;
    end = monotonic() + SLICE_MS;
    resolve();
  }
}

/**
 * The items of a list one by one, with a pause wherever a slice is over. Promises, since an asynchronous iterable is not a
 * list to version 16 of graphql-js.
 */
export function pacedItems<T, R>(items: readonly T[], pacer: Pacer, map: (item: T) => R): Promise<R>[] {
  let before: Promise<unknown> = Promise.resolve();
  return items.map((item) => {
    const result = mapAfter(before, item);
    before = result;
    return result;
  });

  async function mapAfter(earlier: Promise<unknown>, item: T): Promise<R> {
    await earlier;
    for (let pause = pacer.pause(); pause !== null; pause = pacer.pause()) await pause;
    return map(item);
  }
}
