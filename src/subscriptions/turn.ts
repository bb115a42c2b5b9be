import { type Clock, systemClock } from '../lib/clock.js';

/** Work that waits for the end of a turn. An object, not a function: one per socket costs no closure. */
export interface Task {
  run(): void;
}

/** Gathers work until the end of a turn of the event loop, so that what belongs together is done at once. */
export interface Turn {
  /**
   * Runs `task` at the end of this turn, or once its rest is over: where the turn that it last ran in took long, as it
   * does with many readers, it rests for a quarter of that time, and what comes meanwhile is done in one go. Who asks
   * twice gets it run twice.
   */
  atEnd(task: Task): void;
  /** Runs `task` after all of those, and after what they ask for here. */
  afterwards(task: Task): void;
}

/** What a turn goes by. */
export interface TurnOptions {
  /** Calls back at the end of the turn. Default: `process.nextTick`. */
  readonly schedule?: (end: () => void) => void;
  /** Calls back once the event loop has looked for input and output. Default: `setImmediate`. */
  readonly afterIo?: (end: () => void) => void;
  /** Tells how long a turn took. Default: one that nobody can set, unlike the system's. */
  readonly clock?: Clock;
}

const MONOTONIC: Clock = { ...systemClock, now: systemClock.monotonic };

/** A turn that took less calls for no rest: timers know no less than a millisecond. */
const LONG_TURN_MS = 1;

/** A turn with more to do goes on once the event loop has looked for input and output: for Tilt (U1), and for other clients. */
const SLICE_MS = 20;

/** So at most four fifths of the event loop's time go to the readers of turns up to 40 ms, and the rest to Tilt and to queries (U1). */
const REST = 1 / 4;

/** No rest is longer, however many readers there are: nobody sees ten milliseconds. */
const LONGEST_REST_MS = 10;

/**
 * A turn ends with `process.nextTick`: after the callback that is running and all promises that settle with it, and
 * before the event loop looks for more. So updates that arrived in one chunk leave in one write, and one that arrived
 * alone does not wait. (`setImmediate` waits for the other sockets too: it made an update's way half as long again.)
 *
 * With a thousand readers a turn takes 12 ms, nearly all of it a system call for each: updates that come faster than
 * that leave together, a frame each and one call for all.
 */
export function createTurn({
  schedule = process.nextTick,
  afterIo = setImmediate,
  clock = MONOTONIC,
}: TurnOptions = {}): Turn {
  // Lists, not sets: keeping them free of repetition cost 7 % of a delivery, and who asks knows whether it has.
  let first: Task[] = [];
  let second: Task[] = [];
  let isScheduled = false;
  /** What ran in the last turn that took long, and until when that rests. Weak: what has ended is not kept for it. */
  let tired = new WeakSet<Task>();
  let restUntil = 0;
  let resting: Task[] = [];

  return {
    atEnd(task) {
      if (tired.has(task) && clock.now() < restUntil) {
        rest(task);
        return;
      }
      first.push(task);
      request();
    },
    afterwards(task) {
      second.push(task);
      request();
    },
  };

  function rest(task: Task): void {
    if (resting.length === 0) clock.after(restUntil - clock.now(), wake);
    resting.push(task);
  }

  function wake(): void {
    first = first.concat(resting);
    resting = [];
    request();
  }

  function request(): void {
    if (isScheduled) return;
    isScheduled = true;
    schedule(end);
  }

  function end(): void {
    const began = clock.now();
    const tasks = first;
    first = [];
    const left = runUntil(tasks, began + SLICE_MS);
    first = first.concat(left);
    const last = second;
    second = [];
    isScheduled = left.length > 0;
    if (isScheduled) afterIo(end);
    for (const task of last) task.run();
    const ended = clock.now();
    if (ended - began >= LONG_TURN_MS) {
      tired = new WeakSet(tasks);
      restUntil = ended + Math.min((ended - began) * REST, LONGEST_REST_MS);
    }
    if (first.length > 0) request();
  }

  /** Runs tasks in order until a time, at least one of them. Returns those that are left. */
  function runUntil(tasks: readonly Task[], time: number): Task[] {
    for (const [index, task] of tasks.entries()) {
      if (index > 0 && clock.now() >= time) return tasks.slice(index);
      task.run();
    }
    return [];
  }
}
