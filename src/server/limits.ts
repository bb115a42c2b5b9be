import {
  DEFAULT_LARGE_LIMITS,
  DEFAULT_QUERY_LIMITS,
  type LargeLimits,
  type QueryLimits,
} from '../graphql/limits.js';

/** What clients may take at most. Each is a whole number of at least 1. */
export interface Limits extends QueryLimits, LargeLimits {
  /** Bytes of a request's line and headers (431). */
  readonly headerBytes: number;
  /** Bytes of a request's body (413). */
  readonly bodyBytes: number;
  /** Bytes of a WebSocket message (1009). `ws` alone would take 100 MiB. */
  readonly messageBytes: number;
  /** Frames that a WebSocket message may come in (1008): each costs memory, however small it is. */
  readonly messageFragments: number;
  /** Milliseconds in which a request's headers must have come (408). */
  readonly headersMs: number;
  /** Milliseconds in which all of a request must have come (408). */
  readonly requestMs: number;
  /** Milliseconds that an HTTP connection may be idle between two requests. Longer than proxies keep theirs: see docs/deployment.md. */
  readonly idleMs: number;
  /** Milliseconds in which a WebSocket client must have begun, with `connection_init` (4408): as graphql-ws. */
  readonly initMs: number;
  /** Open connections in all (503). */
  readonly sockets: number;
  /** Open connections of one address (429). */
  readonly socketsPerAddress: number;
  /** Operations that run on one WebSocket (an error, code TOO_MANY_OPERATIONS); answers that one HTTP connection waits for (it is cut). */
  readonly operations: number;
  /** Operations begun on one WebSocket within a second, with twice as many at once (an error, code TOO_MANY_REQUESTS). */
  readonly operationsPerSecond: number;
}

/** Room for a wall of boards, and little enough for a laptop. */
export const DEFAULT_LIMITS: Limits = {
  ...DEFAULT_QUERY_LIMITS,
  ...DEFAULT_LARGE_LIMITS,
  headerBytes: 16_384,
  bodyBytes: 1_000_000,
  messageBytes: 1_000_000,
  messageFragments: 1_000,
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 120_000,
  initMs: 3_000,
  sockets: 20_000,
  socketsPerAddress: 5_000,
  operations: 100,
  operationsPerSecond: 100,
};

/** Whether a text is the name of a limit. */
export function isLimit(name: string): name is keyof Limits {
  return Object.hasOwn(DEFAULT_LIMITS, name);
}
