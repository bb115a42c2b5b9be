import { createManualClock, type ManualClock } from './manual-clock.js';

/** A clock moved by hand that can also be set, as by `ntpd` or a person: the time jumps, and timers do not. */
export interface SteppedClock extends ManualClock {
  /** Sets the clock forwards, or with less than 0 back. */
  step(ms: number): void;
  /** How many timers were set so far: what a timer storm shows in. */
  readonly timersSet: number;
}

/** Starts like a manual clock. */
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
