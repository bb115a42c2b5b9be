/** Gathers work until the end of a turn of the event loop, so that what belongs together is done at once. */
export interface Turn {
  /** Runs `task` at the end of this turn, once however often it is asked for. */
  atEnd(task: () => void): void;
  /** Runs `task` after all of those. */
  afterwards(task: () => void): void;
}

/**
 * A turn ends with `setImmediate`: after the callbacks and promises of all that came in by now, and before the event
 * loop looks for more. So updates that arrived in one chunk leave in one write, and one that arrived alone does not wait.
 */
export function createTurn(schedule: (task: () => void) => void = setImmediate): Turn {
  let first = new Set<() => void>();
  let second = new Set<() => void>();
  let isScheduled = false;

  return {
    atEnd(task) {
      first.add(task);
      request();
    },
    afterwards(task) {
      second.add(task);
      request();
    },
  };

  function request(): void {
    if (isScheduled) return;
    isScheduled = true;
    schedule(end);
  }

  function end(): void {
    const tasks = first;
    first = new Set();
    for (const task of tasks) task();
    const last = second;
    second = new Set();
    isScheduled = first.size > 0;
    for (const task of last) task();
    if (isScheduled) schedule(end);
  }
}
