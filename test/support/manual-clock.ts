import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.js';

/** A clock that only a test advances. */
export interface ManualClock extends Clock {
  /** Advances the time and runs due timers in order. Promises settle after each task. */
  advance(ms: number): Promise<void>;
  /** Number of pending timers, for leak tests. */
  readonly pending: number;
}

/** Creates a clock that starts at the given time, in milliseconds since 1970. */
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

/** Waits one iteration of the event loop, so that all resolved promises have settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Number of steps after which the condition must depend on real I/O. */
const FAST_STEPS = 100;

/**
 * Advances the clock in steps until the condition holds, while real I/O continues. Throws after one hour of
 * clock time.
 *
 * After 100 steps, each step also takes a real millisecond: on a busy machine a `stat` may take 100 ms,
 * during which the clock would otherwise advance by the whole hour.
 */
export async function advanceUntil(
  clock: ManualClock,
  condition: () => boolean,
  stepMs = 100,
): Promise<void> {
  const end = clock.now() + 3_600_000;
  for (let step = 0; !condition(); step += 1) {
    if (clock.now() > end)
      throw new Error(`The condition does not hold after an hour of clock time: ${condition}`);
    if (step >= FAST_STEPS) await pause(1);
    await clock.advance(stepMs);
  }
}
