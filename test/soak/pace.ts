import { setTimeout as delay } from 'node:timers/promises';

/** Rate and duration. */
export interface Pace {
  readonly perSecond: number;
  readonly ms: number;
}

/** Pause between two batches, in milliseconds. */
const TICK_MS = 5;

/** Maximum backlog in milliseconds. A process that was blocked catches up, but only with this much work. */
const MAX_BACKLOG_MS = 200;

/**
 * Runs a task repeatedly at a constant rate.
 *
 * @param between is awaited after each batch. The rate drops when it is slow
 */
export async function runAtRate(
  { perSecond, ms }: Pace,
  task: () => void,
  between: () => Promise<void> | void,
): Promise<void> {
  const end = performance.now() + ms;
  let doneUntil = performance.now();
  while (performance.now() < end) {
    const now = performance.now();
    doneUntil = Math.max(doneUntil, now - MAX_BACKLOG_MS);
    const due = Math.floor(((now - doneUntil) * perSecond) / 1_000);
    doneUntil += (due * 1_000) / perSecond;
    for (let left = due; left > 0; left -= 1) task();
    await between();
    await delay(TICK_MS);
  }
}
