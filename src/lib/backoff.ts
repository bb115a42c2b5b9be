import type { Clock } from './clock.js';

/** How long to wait before the next try. */
export interface Backoff {
  /** It works from now on, if it did not already. */
  healthy(): void;
  /** It is in trouble, though it still runs: its health begins again. */
  troubled(): void;
  /**
   * It failed: how many milliseconds to wait.
   *
   * @param minMs the server's wish, which is honoured up to 5 minutes; default none
   */
  failed(minMs?: number | null): number;
}

/** The growth of the waits. */
export interface BackoffOptions {
  /** The first ceiling, in milliseconds; it doubles with every failure. */
  readonly firstMs: number;
  /** The highest ceiling, in milliseconds. */
  readonly maxMs: number;
  /** The part of a ceiling that is waited at least; the rest is random, so that many do not come back at once. */
  readonly minShare: number;
  /** How long it must work until the next failure counts as the first, in milliseconds. */
  readonly healthyMs: number;
  /** How many stand for each other: each is tried once without a wait, and once per ceiling. */
  readonly peers: number;
}

/** The numbers of Kubernetes' reflector. */
const REFLECTOR: BackoffOptions = {
  firstMs: 800,
  maxMs: 30_000, // 30 seconds
  minShare: 0,
  healthyMs: 120_000, // 2 minutes
  peers: 1,
};

/** Creates a jittered exponential backoff; `random` returns numbers from 0 up to 1. Default: as Kubernetes' reflector. */
export function createBackoff(clock: Clock, random: () => number, options = REFLECTOR): Backoff {
  const { firstMs, maxMs, minShare, healthyMs, peers } = options;
  let failures = 0;
  let healthySince: number | null = null;
  return {
    healthy() {
      healthySince ??= clock.monotonic();
    },
    troubled: endHealth,
    failed(minMs = null) {
      endHealth();
      failures += 1;
      const doublings = Math.floor(failures / peers) - 1;
      if (doublings < 0) return 0;
      const ceilingMs = Math.min(firstMs * 2 ** doublings, maxMs);
      const waitMs = ceilingMs * (minShare + (1 - minShare) * random());
      return Math.max(waitMs, Math.min(minMs ?? 0, MAX_WISH_MS));
    },
  };

  function endHealth(): void {
    if (healthySince !== null && clock.monotonic() - healthySince >= healthyMs) failures = 0;
    healthySince = null;
  }
}

const MAX_WISH_MS = 300_000; // 5 minutes: a server that wishes for hours is asked again all the same
