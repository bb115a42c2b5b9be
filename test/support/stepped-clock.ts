import { createManualClock, type ManualClock } from './manual-clock.js';

/**
 * A manual clock whose wall time can also jump, as when `ntpd` or a person sets it. Timers are unaffected.
 */
export interface SteppedClock extends ManualClock {
  /** Sets the wall clock forward, or back if negative. */
  step(ms: number): void;
  /** Number of timers created so far, to detect timer storms. */
  readonly timersSet: number;
}

/** Creates a clock that starts like a manual clock. */
export function createSteppedClock(): SteppedClock {
  const clock = createManualClock();
  let offsetMs = 0;
  let timersSet = 0;
  return {
    now: () => clock.now() + offsetMs,
    monotonic: clock.monotonic,
    after(ms, task) {
      timersSet += 1;
      return clock.after(ms, task);
    },
    advance: clock.advance,
    get pending() {
      return clock.pending;
    },
    step(ms) {
      offsetMs += ms;
    },
    get timersSet() {
      return timersSet;
    },
  };
}
