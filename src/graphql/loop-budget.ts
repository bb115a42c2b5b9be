import { afterConnections } from './after-connections.js';

/** Spreads operations over iterations of the event loop, so that many at once do not hold up everything else. */
export interface LoopBudget {
  /** Null when an operation may begin now; otherwise resolves when it may, in the order in which they asked. */
  pass(): Promise<void> | null;
  /**
   * The same for an operation that has begun and goes on with another long step. It comes before those that wait to begin: what it
   * has made so far, such as a parsed body, is held in memory meanwhile.
   */
  goOn(): Promise<void> | null;
}

/** Time, and what comes after the event loop has looked for input and output. */
export interface LoopBudgetOptions {
  /** Milliseconds since any moment. */
  readonly monotonic: () => number;
  /** Default: `setImmediate`. */
  readonly afterIo?: (task: () => void) => void;
  /** The same after an operation that took longer than the budget. Default: `afterConnections`, or `afterIo` where that is given. */
  readonly afterLongOne?: (task: () => void) => void;
}

/** How long operations may begin in one iteration, in milliseconds. Each takes what it takes: see `CHEAP` in the executor. */
export const LOOP_BUDGET_MS = 20;

/**
 * Creates a budget. Those that wait are bounded by whoever bounds clients and their operations.
 *
 * After an operation that took longer than the budget, the event loop looks for input and output again before the next one
 * begins: a new connection is accepted the first time and read the second time. So `/healthz` waits for one operation, not
 * for two.
 */
export function createLoopBudget({
  monotonic,
  afterIo = setImmediate,
  afterLongOne = afterIo === setImmediate ? afterConnections : afterIo,
}: LoopBudgetOptions): LoopBudget {
  const waiting: (() => void)[] = [];
  /** When the first operation of this iteration began; null: none has. */
  let began: number | null = null;
  /** Whether the event loop has looked once more after an operation that took longer. */
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
