/** Runs tasks one after the other, with the event loop's other work between them. */
export interface Lane {
  /** Runs a task after those that came before it. Settles as the task does. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** Creates an idle lane. How many tasks can wait is bounded by whoever bounds the clients and their operations. */
export function createLane(): Lane {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(task) {
      const result = last.then(afterIo).then(task);
      last = result.catch(() => {});
      return result;
    },
  };
}

/** Lets the event loop look for input and output first. */
function afterIo(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
