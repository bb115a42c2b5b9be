import type { Clock } from './clock.js';

/** A moment by both clocks of a machine, in milliseconds. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** The moment some milliseconds ago. */
export function momentAgo(clock: Clock, ms = 0): Moment {
  return { monotonic: clock.monotonic() - ms, wall: clock.now() - ms };
}

/**
 * Milliseconds since a moment, at least. The monotonic clock of Linux and macOS stops while the machine
 * sleeps, and the wall clock may be set back, so the larger of the two times counts. It is too large if the
 * wall clock was set forward.
 */
export function elapsedSince({ monotonic, wall }: Moment, clock: Clock): number {
  return Math.max(clock.monotonic() - monotonic, clock.now() - wall);
}
