import { setTimeout as delay } from 'node:timers/promises';

/** How often, and for how long. */
export interface Pace {
  readonly perSecond: number;
  readonly ms: number;
}

/** How long it pauses, in milliseconds: what is due then is done at once. */
const TICK_MS = 5;

/** What falls due while the process is held up is done later, but no more of it than is due in so many milliseconds. */
const LONGEST_DEBT_MS = 200;

/**
 * Does something again and again at an even pace.
 *
 * @param between is awaited after each lot: what must keep up holds the pace up
 */
export async function atPace(
  { perSecond, ms }: Pace,
  task: () => void,
  between: () => Promise<void> | void,
): Promise<void> {
  const end = performance.now() + ms;
  let paidUpTo = performance.now();
  while (performance.now() < end) {
    const now = performance.now();
    paidUpTo = Math.max(paidUpTo, now - LONGEST_DEBT_MS);
    const due = Math.floor(((now - paidUpTo) * perSecond) / 1_000);
    paidUpTo += (due * 1_000) / perSecond;
    for (let left = due; left > 0; left -= 1) task();
    await between();
    await delay(TICK_MS);
  }
}
