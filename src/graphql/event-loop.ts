/**
 * Number of event loop iterations between the slices of a long task. libuv accepts one connection per
 * iteration (1.46, Node.js 20): with a single iteration between slices of 20 ms and more, connections that
 * arrived 100 a second waited up to 0.9 s. An iteration without events takes some microseconds.
 */
const ITERATIONS = 16;

/**
 * Runs a task once the event loop has accepted up to 16 waiting connections and has polled for input and
 * output.
 */
export function afterConnections(task: () => void, iterations = ITERATIONS): void {
  if (iterations > 1) setImmediate(afterConnections, task, iterations - 1);
  else setImmediate(task);
}

/** Spreads operations over iterations of the event loop, so that many operations at once do not block it. */
export interface LoopBudget {
  /** Null if an operation may start now. Otherwise resolves when it may, first come, first served. */
  pass(): Promise<void> | null;
  /**
   * The same for an operation that continues with another long step. It takes precedence over operations that
   * have not started: intermediate results, such as a parsed body, are kept in memory meanwhile.
   */
  goOn(): Promise<void> | null;
}

/** Dependencies of a budget. */
export interface LoopBudgetOptions {
  /** Milliseconds since any moment. */
  readonly monotonic: () => number;
  /** Default: `setImmediate`. */
  readonly afterIo?: (task: () => void) => void;
  /**
   * The same after an operation that exceeded the budget. Default: `afterConnections`, or `afterIo` if that
   * is given.
   */
  readonly afterLongOne?: (task: () => void) => void;
}

/**
 * Time in which operations may start within one iteration, in milliseconds. See `CHEAP` for how long each may
 * take.
 */
export const LOOP_BUDGET_MS = 20;

/**
 * Creates a budget. The number of waiting operations is limited by the limits of connections and their
 * operations.
 *
 * After an operation that exceeded the budget, the event loop polls twice before the next one starts: a new
 * connection is accepted in the first iteration and read in the second. So `/healthz` waits for one
 * operation, not for two.
 */
export function createLoopBudget({
  monotonic,
  afterIo = setImmediate,
  afterLongOne = afterIo === setImmediate ? afterConnections : afterIo,
}: LoopBudgetOptions): LoopBudget {
  const waiting: (() => void)[] = [];
  /** When the first operation of this iteration started. Null if none has. */
  let began: number | null = null;
  /** Whether the event loop has polled again after an operation that exceeded the budget. */
  let hasLooked = false;

  return {
    pass() {
      if (waiting.length === 0 && isWithin()) return null;
      return new Promise((resolve) => waiting.push(resolve));
    },
    goOn() {
      if (isWithin()) return null;
      return new Promise((resolve) => waiting.unshift(resolve));
    },
  };

  function isWithin(): boolean {
    if (began !== null) return monotonic() - began < LOOP_BUDGET_MS;
    began = monotonic();
    afterIo(nextIteration);
    return true;
  }

  function nextIteration(): void {
    if (!hasLooked && !isWithin()) {
      hasLooked = true;
      afterLongOne(nextIteration);
      return;
    }
    hasLooked = false;
    const next = waiting.shift();
    began = next ? monotonic() : null;
    if (!next) return;
    afterIo(nextIteration);
    next();
  }
}

/** Runs tasks one after the other, with an iteration of the event loop between them. */
export interface Lane {
  /** Number of tasks behind the running one. */
  readonly waiting: number;
  /** Runs a task after all earlier ones. Settles as the task does. Null if too many tasks wait. */
  run<T>(task: () => Promise<T>): Promise<T> | null;
}

/**
 * Creates an idle lane.
 *
 * @param maxWaiting maximum number of tasks behind the running one; infinite if the caller limits them
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
      // Settles without the result, which would be kept in memory until the next task.
      last = result.then(end, end);
      return result;
    },
  };

  function end(): void {
    unfinished -= 1;
  }
}

/** Resolves once the event loop has polled for input and output. */
export function afterIo(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A connection with several operations at once. */
export interface LargeClient {
  /** Null unless the connection has to drain. Resolves when it has drained or closed. */
  drained(): Promise<void> | null;
}

/**
 * Executes the large operations of each connection one after the other, so that its buffer holds one large
 * answer at most.
 */
export interface ClientQueues {
  /** Runs a task once the answers of the client's earlier tasks have been sent. Settles as the task does. */
  run<T>(client: LargeClient, task: () => Promise<T>): Promise<T>;
}

/** Creates queues without tasks. The number of tasks is limited by the operations of a connection. */
export function createClientQueues(): ClientQueues {
  const last = new WeakMap<LargeClient, Promise<void>>();

  return {
    run(client, task) {
      const earlier = last.get(client);
      const result = earlier ? earlier.then(() => runDrained(client, task)) : runDrained(client, task);
      // By then the result has been written to the connection, and is not kept here.
      last.set(client, result.then(afterIo, afterIo));
      return result;
    },
  };
}

async function runDrained<T>(client: LargeClient, task: () => Promise<T>): Promise<T> {
  for (let pause = client.drained(); pause !== null; pause = client.drained()) await pause;
  return task();
}
