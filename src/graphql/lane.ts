/** Runs tasks one after the other, with the event loop's other work between them. */
export interface Lane {
  /** How many tasks wait behind the one that runs. */
  readonly waiting: number;
  /** Runs a task after those that came before it. Settles as the task does. Null when too many wait. */
  run<T>(task: () => Promise<T>): Promise<T> | null;
}

/**
 * Creates an idle lane.
 *
 * @param maxWaiting how many tasks may wait behind the one that runs; infinite where someone else bounds them
 */
export function createLane(maxWaiting: number): Lane {
  let last: Promise<void> = Promise.resolve();
  let unfinished = 0;

  return {
    get waiting() {
      return Math.max(unfinished - 1, 0);
    },
    run(task) {
      if (unfinished > maxWaiting) return null;
      unfinished += 1;
      const result = last.then(afterIo).then(task);
      // Settles without the result: that would be kept in memory until the next task, which may never come.
      last = result.then(end, end);
      return result;
    },
  };

  function end(): void {
    unfinished -= 1;
  }
}

/** Resolves once the event loop has looked for input and output. */
export function afterIo(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
