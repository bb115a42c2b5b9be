import type { Clock } from '../clock.js';

/** How long to wait before the next try. */
export interface Backoff {
  /** The source is well from now on, if it was not already. */
  healthy(): void;
  /** The source is in trouble, though it still runs: its health begins anew. */
  troubled(): void;
  /**
   * It failed: how many milliseconds to wait. Random between 0 and a ceiling that starts at 0.8 s and doubles with
   * every failure up to 30 s; 2 minutes of health begin again at 0.8 s. (The numbers of Kubernetes' reflector.)
   *
   * @param leastMs the server's wish, which is honoured up to 5 minutes; default none
   */
  failed(leastMs?: number | null): number;
}

/** One source's backoff; `random` gives numbers from 0 up to 1. */
export function createBackoff(clock: Clock, random: () => number): Backoff {
  let failures = 0;
  let healthySince: number | null = null;
  return {
    healthy() {
      healthySince ??= clock.monotonic();
    },
    troubled() {
      healthySince = null;
    },
    failed(leastMs = null) {
      if (healthySince !== null && clock.monotonic() - healthySince >= HEALTHY_MS) failures = 0;
      healthySince = null;
      const ceilingMs = Math.min(FIRST_MS * 2 ** failures, LONGEST_MS);
      failures += 1;
      return Math.max(random() * ceilingMs, Math.min(leastMs ?? 0, LONGEST_WISH_MS));
    },
  };
}

const FIRST_MS = 800;
const LONGEST_MS = 30_000; // 30 seconds
const HEALTHY_MS = 120_000; // 2 minutes
const LONGEST_WISH_MS = 300_000; // 5 minutes: a server that wishes for hours is asked again all the same
