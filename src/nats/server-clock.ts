import type { Clock } from '../lib/clock.js';
import { type Moment, momentAgo } from '../lib/moment.js';

/** Estimate of the servers' clock, by which messages have their times. */
export interface ServerClock {
  /** Records the servers' time of this moment, in milliseconds since 1970. */
  set(time: number): void;
  /**
   * Whether a message that arrives now may have been written long ago: by the estimate it was, because the
   * process or its connection was suspended; or the estimate has become wrong, because this machine slept or
   * its clock was set. The servers' clock may also have been set back. A new consumer distinguishes these.
   *
   * @param expectedAt time that the servers' clock should show, in milliseconds since 1970
   */
  mayBeLate(expectedAt: number): boolean;
}

/**
 * Maximum delay of a message that is not late, in milliseconds. Larger than the differences between the clocks
 * of a cluster's servers.
 */
const MAX_DELAY_MS = 10_000;

/**
 * Minimum time between two recorded times of the servers, in milliseconds, so that a larger difference of
 * their clocks does not cause a new consumer for each message.
 */
const MIN_INTERVAL_MS = 10_000;

/** Difference between the two clocks of a machine that shows a sleep or a set clock, in milliseconds. */
const STEP_MS = 1_000;

/**
 * Creates an estimate of which nothing is known: any message may be late.
 *
 * @param presenceMs presence time of the bucket, in milliseconds: a state that is as old is always late
 */
export function createServerClock(clock: Clock, presenceMs: number): ServerClock {
  const lateMs = Math.min(MAX_DELAY_MS, presenceMs);
  let known: { readonly time: number; readonly at: Moment } | null = null;

  return {
    set(time) {
      known = { time, at: momentAgo(clock) };
    },
    mayBeLate(expectedAt) {
      if (known === null) return true;
      const elapsedMs = clock.monotonic() - known.at.monotonic;
      // The monotonic clock of Linux and macOS stops while the machine sleeps.
      if (Math.abs(clock.now() - known.at.wall - elapsedMs) >= STEP_MS) return true;
      return elapsedMs >= MIN_INTERVAL_MS && known.time + elapsedMs - expectedAt >= lateMs;
    },
  };
}
