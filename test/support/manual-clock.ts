import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.js';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves the time on, running what falls due on the way, in order; lets promises settle after each task. */
  advance(ms: number): Promise<void>;
  /** How many timers are set: what a leak test counts. */
  readonly pending: number;
}

/** Starts at the given moment (milliseconds since 1970). */
export function createManualClock(start = Date.parse('2026-11-22T12:00:00Z')): ManualClock {
  let now = start;
  const timers = new Set<{ at: number; task: () => void }>();
  const next = (until: number) =>
    [...timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    now: () => now,
    monotonic: () => now,
    after: (ms, task) => {
      const timer = { at: now + ms, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    get pending() {
      return timers.size;
    },
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let timer = next(until); timer; timer = next(until)) {
        timers.delete(timer);
        now = Math.max(now, timer.at);
        timer.task();
        await settle();
      }
      now = until;
    },
  };
}

/** One turn of the event loop: every promise that can settle has settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** After so many steps real I/O is what is waited for. */
const FAST_STEPS = 100;

/**
 * Moves the clock on, step by step, until the condition holds; real I/O goes on meanwhile. Fails after an hour by the clock.
 *
 * After 100 steps each takes a real millisecond as well: on a busy machine a `stat` may take 100 ms, in which the
 * clock would otherwise move on by the whole hour.
 */
export async function advanceUntil(
  clock: ManualClock,
  condition: () => boolean,
  stepMs = 100,
): Promise<void> {
  const end = clock.now() + 3_600_000;
  for (let step = 0; !condition(); step += 1) {
    if (clock.now() > end) throw new Error(`an hour has passed, and still not: ${condition}`);
    if (step >= FAST_STEPS) await pause(1);
    await clock.advance(stepMs);
  }
}
