import { MAX_BYTES } from '../decode-sessions.js';

/** Time and size limits of the `tilt` provider. */
export interface TiltLimits {
  /**
   * After this time without a complete line of a watch, the Sessions are listed to check the connection: a
   * half-open one (a suspended laptop, a firewall that dropped its state) is silent forever. In milliseconds.
   * Default 30 s: a quiet Tilt costs two small requests per minute.
   */
  readonly idleMs: number;
  /** Limit of a list or of the headers of a watch, connecting included. In milliseconds. Default 10 s. */
  readonly requestMs: number;
  /**
   * A watch that ends sooner than this without changes is an error, so that the next attempt is delayed.
   * Otherwise a server that closes every watch would be requested without a pause. In milliseconds. Default 1
   * s.
   */
  readonly minWatchMs: number;
  /**
   * Longest line of a watch, and longest list, in bytes. Default 64 MiB: a Session of a thousand targets is
   * about 300 kB, and 64 MiB is little compared with the memory of a process.
   */
  readonly maxBytes: number;
}

const DEFAULT_LIMITS: TiltLimits = {
  idleMs: 30_000,
  requestMs: 10_000,
  minWatchMs: 1_000,
  maxBytes: MAX_BYTES,
};

/** Replaces missing limits by their defaults. */
export function resolveLimits(given: Partial<TiltLimits>): TiltLimits {
  const { idleMs, requestMs, minWatchMs, maxBytes } = { ...DEFAULT_LIMITS, ...given };
  return { idleMs, requestMs, minWatchMs, maxBytes };
}
