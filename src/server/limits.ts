import {
  DEFAULT_LARGE_LIMITS,
  DEFAULT_QUERY_LIMITS,
  type LargeLimits,
  type QueryLimits,
} from '../graphql/limits.js';
import { DEFAULT_SUBSCRIPTION_BYTES } from '../subscriptions/request-memory.js';

/** Limits for clients. Each is an integer of at least 1. */
export interface Limits extends QueryLimits, LargeLimits {
  /** Size of a request's line and headers, in bytes (431). */
  readonly headerBytes: number;
  /** Size of a request's body, in bytes (413). */
  readonly bodyBytes: number;
  /** Size of a WebSocket message, in bytes (1009). The default of `ws` is 100 MiB. */
  readonly messageBytes: number;
  /** Frames of a WebSocket message (1008): even an empty frame costs memory. */
  readonly messageFragments: number;
  /** Values in the JSON of a request or a message, and fields of a form (400; WebSocket: 1008). */
  readonly jsonValues: number;
  /** Time for the headers of a request, in milliseconds (408). */
  readonly headersMs: number;
  /** Time for a complete request, in milliseconds (408). */
  readonly requestMs: number;
  /**
   * Time that an HTTP connection may be idle between two requests, in milliseconds. Longer than that of
   * proxies: see docs/deployment.md.
   */
  readonly idleMs: number;
  /**
   * Time for a WebSocket client to send `connection_init`, in milliseconds (4408). The default is that of
   * graphql-ws.
   */
  readonly initMs: number;
  /** Open connections (503). */
  readonly sockets: number;
  /** Open connections per address (429). */
  readonly socketsPerAddress: number;
  /**
   * Running operations per WebSocket (error TOO_MANY_OPERATIONS); pending answers per HTTP connection (it is
   * closed).
   */
  readonly operations: number;
  /** Operations started per WebSocket and second, with bursts of twice as many (error TOO_MANY_REQUESTS). */
  readonly operationsPerSecond: number;
  /**
   * Bytes of the documents and variables that running subscriptions keep, for all clients together; a
   * sixteenth of them per WebSocket (error SUBSCRIPTIONS_TOO_LARGE).
   */
  readonly subscriptionBytes: number;
}

/** Defaults: enough for a wall of boards, and safe on a laptop. */
export const DEFAULT_LIMITS: Limits = {
  ...DEFAULT_QUERY_LIMITS,
  ...DEFAULT_LARGE_LIMITS,
  headerBytes: 16_384,
  bodyBytes: 1_000_000,
  messageBytes: 1_000_000,
  messageFragments: 1_000,
  jsonValues: 10_000,
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 120_000,
  initMs: 3_000,
  sockets: 20_000,
  socketsPerAddress: 5_000,
  operations: 100,
  operationsPerSecond: 100,
  subscriptionBytes: DEFAULT_SUBSCRIPTION_BYTES,
};

/** Whether a string is the name of a limit. */
export function isLimit(name: string): name is keyof Limits {
  return Object.hasOwn(DEFAULT_LIMITS, name);
}
