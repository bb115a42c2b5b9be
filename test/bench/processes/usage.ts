/** Resources that a process has used. */
export interface Usage {
  /** User and system time of all threads since the start of the process, in microseconds. */
  readonly cpuMicros: number;
  /** System time within `cpuMicros`. */
  readonly systemMicros: number;
  readonly rssBytes: number;
  /** JavaScript heap in use, plus external memory such as buffers. */
  readonly heapBytes: number;
  /** Time of the reading, by {@link nanoseconds}. */
  readonly at: number;
}

/** Reads the usage of this process. With `collect`, garbage is collected first (`node --expose-gc`). */
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

/**
 * The machine's monotonic clock in nanoseconds. Unlike `performance.now()`, it is the same for all processes.
 */
export function nanoseconds(): number {
  return Number(process.hrtime.bigint());
}
