/** First message of the gateway process: it listens. */
export interface Ready {
  readonly port: number;
}

/** Requests to the gateway process: a report since the last one, or the heap after garbage collection. */
export type Question = 'report' | 'heap';

/** Effects of the inputs since the last report. */
export interface GatewayReport {
  /** Errors in the log and warnings of the process. */
  readonly faults: readonly string[];
  /** CPU time used, in milliseconds. */
  readonly cpuMs: number;
  /** Number of open subscriptions. */
  readonly readers: number;
  /** Number of open connections. */
  readonly sockets: number;
}

/** Memory in use. */
export interface Heap {
  /** JavaScript heap in use, plus external memory, in bytes. */
  readonly bytes: number;
}
