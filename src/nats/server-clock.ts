import type { Clock } from '../lib/clock.js';
import { type Moment, momentAgo } from '../lib/moment.js';

/** Estimate of the servers' clock, by which messages have their times. */
export interface ServerClock {
  /** Records the servers' time of this moment, in milliseconds since 1970. */
  set(time: number): void;
  /**
   * Whether the present time is not known: since the last `set`, this machine slept or its wall clock was
   * set, and these look the same.
   */
  readonly isUncertain: boolean;
  /**
   * Time since a message was written, in milliseconds; 0 if that was less than {@link LATE_MS} ago, or is not
   * known.
   *
   * @param writtenAt time by the servers' clock, in milliseconds since 1970
   */
  measureDelay(writtenAt: number): number;
}

/** Delay from which a message is a late one, in milliseconds: more than a usual one, and than its error. */
const LATE_MS = 1_000;

/**
 * Creates an estimate of which nothing is known. The wall clock of this machine is only compared with its
 * monotonic clock. If it counted, a wrong one would make present messages old.
 */
export function createServerClock(clock: Clock): ServerClock {
  let known: { readonly time: number; readonly at: Moment } | null = null;

  return {
    set(time) {
      known = { time, at: momentAgo(clock) };
    },
    get isUncertain() {
      if (known === null) return true;
      const { monotonic, wall } = known.at;
      // The monotonic clock of Linux and macOS stops while the machine sleeps.
      return Math.abs(clock.now() - wall - (clock.monotonic() - monotonic)) >= LATE_MS;
    },
    measureDelay(writtenAt) {
      if (known === null) return 0;
      const delayMs = known.time + clock.monotonic() - known.at.monotonic - writtenAt;
      return delayMs < LATE_MS ? 0 : Math.round(delayMs);
    },
  };
}
