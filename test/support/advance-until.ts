import type { ManualClock } from './manual-clock.js';

/** Moves the clock on, step by step, until the condition holds; real I/O goes on meanwhile. Fails after an hour by the clock. */
export async function advanceUntil(
  clock: ManualClock,
  condition: () => boolean,
  stepMs = 100,
): Promise<void> {
  const end = clock.now() + 3_600_000;
  while (!condition()) {
    if (clock.now() > end) throw new Error(`an hour has passed, and still not: ${condition}`);
    await clock.advance(stepMs);
  }
}
