/** How much and how long the `tilt` provider bears. */
export interface TiltLimits {
  /**
   * After so long without a whole line of a watch, the Sessions are listed to see whether the link still lives: a
   * half-open connection (a laptop that slept, a firewall that forgot) is silent for ever. In milliseconds. Default 30 s:
   * a quiet Tilt costs two small requests a minute.
   */
  readonly idleMs: number;
  /** The most that a list, or the headers of a watch, may take, connecting included. In milliseconds. Default 10 s. */
  readonly requestMs: number;
  /**
   * A watch that ends sooner than this without news is an error, so that the next try waits: else a server that
   * hangs up on every watch would be asked without a pause. In milliseconds. Default 1 s.
   */
  readonly fruitlessMs: number;
  /**
   * The longest line of a watch, and the longest list, in bytes. Default 64 MiB: a Session of a thousand targets is
   * about 300 kB, so nothing honest comes near it, and it is little beside a process's memory.
   */
  readonly maxBytes: number;
}

const DEFAULT_LIMITS: TiltLimits = {
  idleMs: 30_000,
  requestMs: 10_000,
  fruitlessMs: 1_000,
  maxBytes: 64 * 1024 * 1024,
};

/** The defaults, where a limit is not given. */
export function limitsOf(given: Partial<TiltLimits>): TiltLimits {
  const { idleMs, requestMs, fruitlessMs, maxBytes } = { ...DEFAULT_LIMITS, ...given };
  return { idleMs, requestMs, fruitlessMs, maxBytes };
}
