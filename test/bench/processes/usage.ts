/** What a process has used. */
export interface Usage {
  /** User and system time of all its threads since it started, in microseconds. */
  readonly cpuMicros: number;
  /** The system's part of it. */
  readonly systemMicros: number;
  readonly rssBytes: number;
  /** The JavaScript heap in use, and what hangs on it outside (buffers). */
  readonly heapBytes: number;
  /** When it was read, by {@link nanoseconds}. */
  readonly at: number;
}

/** What this process has used so far. With `collect` garbage is collected first (`node --expose-gc`). */
export function usage({ collect = false }: { readonly collect?: boolean } = {}): Usage {
  if (collect) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    cpuMicros: user + system,
    systemMicros: system,
    rssBytes: rss,
    heapBytes: heapUsed + external,
    at: nanoseconds(),
  };
}

/** The machine's monotonic clock in nanoseconds: the same for every process, unlike `performance.now()`. */
export function nanoseconds(): number {
  return Number(process.hrtime.bigint());
}
