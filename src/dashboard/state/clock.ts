import { type ReadonlySignal, signal } from '@preact/signals';

/** How often what is elapsed is told anew, in milliseconds. */
const TICK_MS = 1_000;

/** The time, in milliseconds since 1970, a second at a time. It stands still while nobody looks. */
export function createClock(): ReadonlySignal<number> {
  const now = signal(Date.now());
  const tick = () => {
    if (document.visibilityState === 'visible') now.value = Date.now();
  };
  setInterval(tick, TICK_MS);
  document.addEventListener('visibilitychange', tick);
  return now;
}
