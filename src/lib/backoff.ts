import type { Clock } from './clock.js';

/** Delays between retries. */
export interface Backoff {
  /** Records that the operation works, unless it already does. */
  markHealthy(): void;
  /** Records an error of an operation that keeps running. Its healthy period starts over. */
  markUnhealthy(): void;
  /**
   * Records a failure and returns the delay before the next attempt, in milliseconds.
   *
   * @param minMs delay that the server asked for, honoured up to 5 minutes. Default: none
   */
  nextDelayMs(minMs?: number | null): number;
}

/** Growth of the delays. */
export interface BackoffOptions {
  /** First upper limit of the delay, in milliseconds. It doubles with every failure. */
  readonly firstMs: number;
  /** Highest upper limit, in milliseconds. */
  readonly maxMs: number;
  /** Part of the upper limit that is always waited. The rest is random, so that clients spread out. */
  readonly minShare: number;
  /** How long the operation must work before the next failure counts as the first, in milliseconds. */
  readonly healthyMs: number;
  /** Number of interchangeable servers: each is tried once without a delay, and once per upper limit. */
  readonly peers: number;
}

/** Delays of Kubernetes' reflector. */
const REFLECTOR: BackoffOptions = {
  firstMs: 800,
  maxMs: 30_000, // 30 seconds
  minShare: 0,
  healthyMs: 120_000, // 2 minutes
  peers: 1,
};

/** A longer `Retry-After` is cut to this. */
const MAX_REQUESTED_MS = 300_000; // 5 minutes

/**
 * Creates a jittered exponential backoff.
 *
 * @param random returns numbers from 0 up to 1
 * @param options default: as Kubernetes' reflector
 */
export function createBackoff(clock: Clock, random: () => number, options = REFLECTOR): Backoff {
  const { firstMs, maxMs, minShare, healthyMs, peers } = options;
  let failures = 0;
  let healthySince: number | null = null;
  return {
    markHealthy() {
      healthySince ??= clock.monotonic();
    },
    markUnhealthy: endHealth,
    nextDelayMs(minMs = null) {
      endHealth();
      failures += 1;
      const doublings = Math.floor(failures / peers) - 1;
      if (doublings < 0) return 0;
      const limitMs = Math.min(firstMs * 2 ** doublings, maxMs);
      const delayMs = limitMs * (minShare + (1 - minShare) * random());
      return Math.max(delayMs, Math.min(minMs ?? 0, MAX_REQUESTED_MS));
    },
  };

  function endHealth(): void {
    if (healthySince !== null && clock.monotonic() - healthySince >= healthyMs) failures = 0;
    healthySince = null;
  }
}
