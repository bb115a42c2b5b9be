import { type Clock, systemClock } from '../lib/clock.js';

/** Work that waits for a flush. An object, not a function: this saves a closure per socket. */
export interface Task {
  run(): void;
}

/**
 * Gathers work until the end of the current tick of the event loop, so that the updates of a tick are sent
 * together.
 */
export interface FlushScheduler {
  /**
   * Runs a task at the end of the current tick, or at the end of its cooldown: after a long flush, as with
   * many readers, the tasks of that flush pause for a quarter of its time, and run once for all that came
   * meanwhile. A task that is scheduled twice runs twice.
   */
  schedule(task: Task): void;
  /** Runs a task after all scheduled tasks, and after what these schedule with `afterFlush`. */
  afterFlush(task: Task): void;
}

/** Dependencies of a scheduler. */
export interface FlushSchedulerOptions {
  /** Calls back at the end of the tick. Default: `process.nextTick`. */
  readonly atEndOfTick?: (flush: () => void) => void;
  /** Calls back once the event loop has polled for input and output. Default: `setImmediate`. */
  readonly afterIo?: (flush: () => void) => void;
  /** Measures flushes. Default: the monotonic clock. */
  readonly clock?: Clock;
}

const MONOTONIC: Clock = { ...systemClock, now: systemClock.monotonic };

/** A shorter flush has no cooldown: timers have a resolution of a millisecond. */
const LONG_FLUSH_MS = 1;

/**
 * A longer flush continues after the event loop has polled for input and output: from Tilt (U1), and from
 * other clients.
 */
const SLICE_MS = 20;

/**
 * Flushes of up to 40 ms take at most four fifths of the event loop's time. The rest is for Tilt and for
 * queries (U1).
 */
const COOLDOWN_RATIO = 1 / 4;

/** Limit of a cooldown, however many readers there are. */
const MAX_COOLDOWN_MS = 10;

/**
 * Creates a scheduler. It flushes in `process.nextTick`: after the running callback and the promises that
 * settle with it, before the event loop polls again. Updates that arrived in one chunk leave in one write,
 * and a single update does not wait. (`setImmediate` waits for the other sockets too: updates took half as
 * long again.)
 *
 * With a thousand readers a flush takes 12 ms, nearly all of it a system call for each reader. Updates that
 * arrive faster leave together, in a frame each and one system call for all.
 */
export function createFlushScheduler({
  atEndOfTick = process.nextTick,
  afterIo = setImmediate,
  clock = MONOTONIC,
}: FlushSchedulerOptions = {}): FlushScheduler {
  // Lists, not sets: looking for duplicates cost 7 % of a delivery, and callers know whether they have
  // scheduled.
  let scheduled: Task[] = [];
  let afterFlushTasks: Task[] = [];
  let isRequested = false;
  /** Tasks of the last long flush. Weak, so that tasks of readers that left are not kept. */
  let coolingDown = new WeakSet<Task>();
  let cooldownEnd = 0;
  let delayed: Task[] = [];

  return {
    schedule(task) {
      if (coolingDown.has(task) && clock.now() < cooldownEnd) {
        delay(task);
        return;
      }
      scheduled.push(task);
      request();
    },
    afterFlush(task) {
      afterFlushTasks.push(task);
      request();
    },
  };

  function delay(task: Task): void {
    if (delayed.length === 0) clock.after(cooldownEnd - clock.now(), resume);
    delayed.push(task);
  }

  function resume(): void {
    scheduled = scheduled.concat(delayed);
    delayed = [];
    request();
  }

  function request(): void {
    if (isRequested) return;
    isRequested = true;
    atEndOfTick(flush);
  }

  function flush(): void {
    const startedAt = clock.now();
    const tasks = scheduled;
    scheduled = [];
    const left = runUntil(tasks, startedAt + SLICE_MS);
    scheduled = scheduled.concat(left);
    const last = afterFlushTasks;
    afterFlushTasks = [];
    isRequested = left.length > 0;
    if (isRequested) afterIo(flush);
    for (const task of last) task.run();
    const endedAt = clock.now();
    if (endedAt - startedAt >= LONG_FLUSH_MS) {
      coolingDown = new WeakSet(tasks);
      cooldownEnd = endedAt + Math.min((endedAt - startedAt) * COOLDOWN_RATIO, MAX_COOLDOWN_MS);
    }
    if (scheduled.length > 0) request();
  }

  /** Runs tasks in order until a time, at least one of them. Returns the others. */
  function runUntil(tasks: readonly Task[], time: number): Task[] {
    for (const [index, task] of tasks.entries()) {
      if (index > 0 && clock.now() >= time) return tasks.slice(index);
      task.run();
    }
    return [];
  }
}
