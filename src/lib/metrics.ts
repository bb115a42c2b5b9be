import { isRecord } from './is-record.js';

/**
 * Counters and gauges of one gateway, passed in wherever something is counted. They are plain numbers, which the page of
 * `prom-client` reads when it is asked for: its own `inc` with a label took twenty times as long as an addition, 0.3 µs of the
 * 4.7 µs that a delivered payload costs, and its library is loaded with the first request for the page.
 */
export interface Metrics {
  /** Readers that payloads are pushed to: those over WebSocket. */
  readonly pushed: ReaderCounts;
  /** Readers that pull their payloads: those over server-sent events. */
  readonly pulled: ReaderCounts;
  readonly queryCache: CacheCounts;
  /** Counts by the name of the source; those beyond {@link MAX_SOURCES} are counted together, as {@link OTHER}. */
  readonly sources: ReadonlyMap<string, SourceCounts>;
  /** Closed WebSockets by close code; codes that clients make up are counted together, as {@link OTHER}. */
  readonly closes: ReadonlyMap<string, number>;
  /** Rejections by a code of {@link REFUSALS}, or {@link OTHER}. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly states: Partial<States>;
  /** Returns the counts of a source, which go on when it comes back under the same name. */
  source(name: string): SourceCounts;
  /** Counts a closed WebSocket. The code is the gateway's own if it closed it, else what the client or the network gave. */
  closed(code: number): void;
  /** Counts a rejection. */
  refused(code: string): void;
  /** Sets how states are read; one that is given again replaces the one before. */
  observe(states: Partial<States>): void;
}

/** Counts of the readers of one kind. */
export interface ReaderCounts {
  /** Payloads handed to them. */
  payloads: number;
  /** Updates that reached one of them only merged with others into one payload (S5). */
  conflated: number;
  /** Readers to which sending is paused until their connection has drained. */
  lagging: number;
}

/** Counts of the query cache. */
export interface CacheCounts {
  /** Requests answered from the cache. */
  hits: number;
  /** Requests whose answer was not in the cache, or was out of date. */
  misses: number;
}

/** Counts of one source. */
export interface SourceCounts {
  changes: number;
  /** Time of the last change, in milliseconds since 1970; null before the first. */
  lastChangeAt: number | null;
  /** Failures after which it was watched again. */
  restarts: number;
  /** Complete lists after the first, by how the watch before had ended. */
  readonly relists: Record<RelistCause, number>;
}

/** Why a source is listed again: its watch ended or was cut, its version expired, it failed, or it was found dead. */
export type RelistCause = 'ended' | 'expired' | 'failed' | 'dead';

/** States that are read only when the page is asked for. */
export interface States {
  readonly pushedReaders: () => number;
  readonly pulledReaders: () => number;
  /** Different subscriptions: each is executed once per update. */
  readonly groups: () => number;
  /** The sources that are open. */
  readonly sources: () => readonly SourceState[];
  /** Answers in the query cache. */
  readonly queryCacheAnswers: () => number;
  /** Memory of these, with their requests, in bytes. */
  readonly queryCacheBytes: () => number;
  /** Open WebSockets. */
  readonly webSockets: () => number;
  /** Bytes that were written to WebSockets and have not left yet. */
  readonly webSocketUnsentBytes: () => number;
  /** Large answers to queries. */
  readonly largeAnswers: () => LargeCounts;
  /** Large payloads of subscriptions. */
  readonly largePayloads: () => LargeCounts;
}

/** What is written as JSON and not sent yet. */
export interface LargeCounts {
  readonly unsentBytes: number;
  /** The most bytes that ever were unsent at once. */
  readonly peakUnsentBytes: number;
  /** Operations that wait for their turn. */
  readonly waiting: number;
}

/** State of one source. */
export interface SourceState {
  readonly name: string;
  readonly state: 'connecting' | 'live' | 'stale';
}

/** Codes of rejections, as clients get them. */
export const REFUSALS: readonly string[] = [
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
  'TEXT_TOO_LONG',
  'LIST_TOO_LONG',
  'QUERY_TOO_COMPLEX',
  'ANSWER_TOO_LARGE',
  'ANSWER_NOT_READ',
  'SERVER_BUSY',
  'HEADERS_TOO_LARGE',
  'BODY_TOO_LARGE',
  'REQUEST_TOO_SLOW',
  'BAD_REQUEST',
  'DOCUMENT_NOT_KNOWN',
];

/** Close codes of RFC 6455 and of `graphql-transport-ws`. */
const CLOSE_CODES: readonly number[] = [
  ...[1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013],
  ...[4004, 4005, 4400, 4401, 4403, 4406, 4408, 4409, 4429, 4500, 4504],
];

/** The key of all that has no key of its own. */
export const OTHER = 'OTHER';

/** Sources that are counted one by one: more than anyone runs Tilts on a machine. */
export const MAX_SOURCES = 100;

/** Creates counters at 0. */
export function createMetrics(): Metrics {
  const sources = new Map<string, SourceCounts>();
  const closes = zeros(CLOSE_CODES.map(String));
  const refusals = zeros(REFUSALS);
  const states: Partial<States> = {};

  return {
    pushed: createReaderCounts(),
    pulled: createReaderCounts(),
    queryCache: { hits: 0, misses: 0 },
    sources,
    closes,
    refusals,
    states,
    source(name) {
      const key = sources.has(name) || sources.size < MAX_SOURCES ? name : OTHER;
      const relists = { ended: 0, expired: 0, failed: 0, dead: 0 };
      const counts = sources.get(key) ?? { changes: 0, lastChangeAt: null, restarts: 0, relists };
      sources.set(key, counts);
      return counts;
    },
    closed: (code) => count(closes, String(code)),
    refused: (code) => count(refusals, code),
    observe: (more) => Object.assign(states, more),
  };
}

/** Counts the errors of an answer that are rejections. */
export function countRefusals(metrics: Metrics, errors: readonly { readonly extensions?: unknown }[]): void {
  for (const { extensions } of errors) {
    const code = isRecord(extensions) ? extensions.code : null;
    if (typeof code === 'string' && REFUSALS.includes(code)) metrics.refused(code);
  }
}

/** Creates the counts of readers at 0. */
export function createReaderCounts(): ReaderCounts {
  return { payloads: 0, conflated: 0, lagging: 0 };
}

/** Every key from the start: a rate can only be computed of what was there before. */
function zeros(keys: readonly string[]): Map<string, number> {
  return new Map([...keys, OTHER].map((key) => [key, 0]));
}

function count(counts: Map<string, number>, key: string): void {
  const known = counts.has(key) ? key : OTHER;
  counts.set(known, (counts.get(known) ?? 0) + 1);
}
