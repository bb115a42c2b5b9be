import type { Clock } from '../lib/clock.js';

/** What a client takes of the machine: tests bring their own. */
export interface ClientInternals {
  readonly clock: Clock;
  /** Numbers from 0 up to 1. */
  readonly random: () => number;
}

/** The machine's time and randomness. A timer keeps Node.js running, as what waits for it is wanted. */
export const systemInternals: ClientInternals = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (ms, task) => {
      const timer = setTimeout(task, Math.min(ms, LONGEST_TIMER));
      return () => clearTimeout(timer);
    },
  },
  random: () => Math.random(),
};

/** 24.8 days, in milliseconds: what is longer, a timer would run at once. Who waits longer looks at the time again. */
const LONGEST_TIMER = 2 ** 31 - 1;
