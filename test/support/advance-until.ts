import { setTimeout as pause } from 'node:timers/promises';
import type { ManualClock } from './manual-clock.js';

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
