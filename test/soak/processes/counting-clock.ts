import type { Clock } from '../../../src/lib/clock.js';

/** A clock that counts its pending timers. */
export interface CountingClock extends Clock {
  readonly pending: number;
}

/** Wraps a clock. */
export function createCountingClock(clock: Clock): CountingClock {
  let pending = 0;
  return {
    get pending() {
      return pending;
    },
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after(ms, task) {
      let isPending = true;
      const settle = () => {
        if (isPending) pending -= 1;
        isPending = false;
      };
      pending += 1;
      const cancel = clock.after(ms, () => {
        settle();
        task();
      });
      return () => {
        settle();
        cancel();
      };
    },
  };
}
