import { isRecord } from './is-record.js';

/**
 * Counters and gauges of one gateway. They are plain numbers, which `prom-client` reads when the metrics page
 * is requested. Its own `inc` with a label took twenty times as long as an addition, 0.3 µs of the 4.7 µs
 * that a delivered payload costs; and the library is loaded with the first request for the page.
 */
export interface Metrics {
  /** Readers over WebSocket. */
  readonly webSocket: ReaderCounts;
  /** Readers over server-sent events. */
  readonly sse: ReaderCounts;
  readonly queryCache: CacheCounts;
  /** Counts by name of the source. Those beyond {@link MAX_SOURCES} are counted as {@link OTHER}. */
  readonly sources: ReadonlyMap<string, SourceCounts>;
  /** Closed WebSockets by close code. Codes outside the standards are counted together as {@link OTHER}. */
  readonly closes: ReadonlyMap<string, number>;
  /** Rejections by code of {@link REJECTION_CODES}, or {@link OTHER}. */
  readonly rejections: ReadonlyMap<string, number>;
  readonly gauges: Partial<Gauges>;
  /** Returns the counts of a source. They continue when a source of the same name is added again. */
  source(name: string): SourceCounts;
  /**
   * Counts a closed WebSocket.
   *
   * @param code the gateway's close code if it closed the socket, else the code received from the client or
   *   the network
   */
  socketClosed(code: number): void;
  /** Counts a rejection. */
  rejected(code: string): void;
  /** Registers functions that read gauges. A gauge that is registered again replaces the earlier one. */
  registerGauges(gauges: Partial<Gauges>): void;
}

/** Counts of the readers of one transport. */
export interface ReaderCounts {
  /** Open subscriptions. */
  open: number;
  /** Delivered payloads. */
  payloads: number;
  /** Updates that were merged with others into one payload (S5). */
  conflated: number;
  /** Readers to which sending is paused until their connection drains. */
  lagging: number;
}

/** Counts of the query cache. */
export interface CacheCounts {
  /** Requests answered from the cache. */
  hits: number;
  /** Requests whose answer was not in the cache or was outdated. */
  misses: number;
}

/** Counts of one source. */
export interface SourceCounts {
  changes: number;
  /** Time of the last change, in milliseconds since 1970; null before the first. */
  lastChangeAt: number | null;
  /** Failures after which the watch was restarted. */
  restarts: number;
  /** Complete lists after the first one, by the reason for which the previous watch ended. */
  readonly relists: Record<RelistCause, number>;
}

/** Why a source was listed again: its watch ended, its version expired, it failed, or it was dead. */
export type RelistCause = 'ended' | 'expired' | 'failed' | 'dead';

/** Counts of a source whose messages carry the change next to the state, such as a bucket of NATS. */
export interface DeltaCounts {
  /** Updates applied from their change alone. */
  deltas: number;
  /** Updates read from their complete state. */
  states: number;
  /** States that changes led to, and that were compared with the digest of their publisher: equal ones. */
  matches: number;
  /** The same: differing ones, which were read again. */
  mismatches: number;
}

/** Creates the counts at 0. */
export function createDeltaCounts(): DeltaCounts {
  return { deltas: 0, states: 0, matches: 0, mismatches: 0 };
}

/** Gauges, read only when the metrics page is requested. */
export interface Gauges {
  /** Counts of the sources that apply changes, by name. */
  readonly deltas: () => readonly (readonly [string, Readonly<DeltaCounts>])[];
  /** Distinct subscriptions. Each is executed once per update. */
  readonly groups: () => number;
  /** Open sources. */
  readonly sources: () => readonly SourceState[];
  /** Known Sessions, of all sources. */
  readonly sessions: () => readonly SessionState[];
  /** Answers in the query cache. */
  readonly queryCacheResponses: () => number;
  /** Memory of the query cache, keys included, in bytes. */
  readonly queryCacheBytes: () => number;
  /** Open WebSockets. */
  readonly webSockets: () => number;
  /** Bytes that were written to WebSockets and not yet sent. */
  readonly webSocketUnsentBytes: () => number;
  /** Load of large answers to queries. */
  readonly largeResponses: () => LargeCounts;
  /** Load of large payloads of subscriptions. */
  readonly largePayloads: () => LargeCounts;
}

/** JSON that was serialised and not yet sent. */
export interface LargeCounts {
  readonly unsentBytes: number;
  /** Maximum of `unsentBytes` so far. */
  readonly peakUnsentBytes: number;
  /** Operations that wait for room. */
  readonly waiting: number;
}

/** State of one source. */
export interface SourceState {
  readonly name: string;
  readonly state: 'connecting' | 'live' | 'stale';
  /** Whether the source as a whole can be read. One STALE Session suffices for the state `stale`. */
  readonly isReadable: boolean;
}

/** Source and connection of one Session. */
export interface SessionState {
  readonly source: string;
  readonly connection: { readonly state: 'live' | 'stale' | 'gone' };
}

/** Codes of rejections, as clients receive them. */
export const REJECTION_CODES: readonly string[] = [
  'HOST_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'TOO_MANY_CONNECTIONS',
  'TOO_MANY_OPERATIONS',
  'TOO_MANY_REQUESTS',
  'TOO_MANY_TOKENS',
  'QUERY_TOO_DEEP',
  'TOO_MANY_ALIASES',
  'TOO_MANY_DIRECTIVES',
  'STRING_TOO_LONG',
  'LIST_TOO_LONG',
  'QUERY_TOO_COMPLEX',
  'SUBSCRIPTIONS_TOO_LARGE',
  'RESPONSE_TOO_LARGE',
  'RESPONSE_NOT_READ',
  'SERVER_BUSY',
  'HEADERS_TOO_LARGE',
  'BODY_TOO_LARGE',
  'BODY_IN_TINY_CHUNKS',
  'TOO_MANY_VALUES',
  'REQUEST_TOO_SLOW',
  'BAD_REQUEST',
  'NOT_FOUND',
  'DOCUMENT_NOT_KNOWN',
];

/** Close codes of RFC 6455 and of `graphql-transport-ws`. */
const CLOSE_CODES: readonly number[] = [
  ...[1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013],
  ...[4004, 4005, 4400, 4401, 4403, 4406, 4408, 4409, 4429, 4500, 4504],
];

/** Key of everything that has no key of its own. */
export const OTHER = 'OTHER';

/** Sources that are counted separately: more than anyone runs Tilts on one machine. */
export const MAX_SOURCES = 100;

/** Creates counters at 0. */
export function createMetrics(): Metrics {
  const sources = new Map<string, SourceCounts>();
  const closes = zeros(CLOSE_CODES.map(String));
  const rejections = zeros(REJECTION_CODES);
  const gauges: Partial<Gauges> = {};

  return {
    webSocket: createReaderCounts(),
    sse: createReaderCounts(),
    queryCache: { hits: 0, misses: 0 },
    sources,
    closes,
    rejections,
    gauges,
    source(name) {
      const key = sources.has(name) || sources.size < MAX_SOURCES ? name : OTHER;
      const relists = { ended: 0, expired: 0, failed: 0, dead: 0 };
      const counts = sources.get(key) ?? { changes: 0, lastChangeAt: null, restarts: 0, relists };
      sources.set(key, counts);
      return counts;
    },
    socketClosed: (code) => count(closes, String(code)),
    rejected: (code) => count(rejections, code),
    registerGauges: (more) => Object.assign(gauges, more),
  };
}

/** Counts those errors of a result that are rejections. */
export function countRejections(
  metrics: Metrics,
  errors: readonly { readonly extensions?: unknown }[],
): void {
  for (const { extensions } of errors) {
    const code = isRecord(extensions) ? extensions.code : null;
    if (typeof code === 'string' && REJECTION_CODES.includes(code)) metrics.rejected(code);
  }
}

/** Creates the counts of one transport at 0. */
export function createReaderCounts(): ReaderCounts {
  return { open: 0, payloads: 0, conflated: 0, lagging: 0 };
}

/** Every key exists from the start, because Prometheus computes a rate only between two samples. */
function zeros(keys: readonly string[]): Map<string, number> {
  return new Map([...keys, OTHER].map((key) => [key, 0]));
}

function count(counts: Map<string, number>, key: string): void {
  const known = counts.has(key) ? key : OTHER;
  counts.set(known, (counts.get(known) ?? 0) + 1);
}
