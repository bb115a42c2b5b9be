/**
 * What a gateway counts of itself, handed in where something happens. What happens often is an addition to a plain
 * number; nothing is looked up or formatted before somebody asks.
 */
export interface Metrics {
  /** Of readers that payloads are pushed to: those over WebSocket. */
  readonly pushed: ReaderCounts;
  /** Of readers that pull their payloads: those over server-sent events. */
  readonly pulled: ReaderCounts;
  readonly queryCache: CacheCounts;
  /** The counts of a source, which go on when it comes back under the same name. */
  source(name: string): SourceCounts;
  /** A WebSocket has closed, with this code: the gateway's own if it closed it, else what the client or the network gave. */
  closed(code: number): void;
  /** Something was refused: a code of {@link REFUSALS}. Any other text counts as `OTHER`, whatever it is. */
  refused(code: string): void;
  /** Says how to read states. They are read only when somebody asks; one that is given again replaces the one before. */
  observe(states: Partial<States>): void;
}

/** What is counted of the readers of one kind. */
export interface ReaderCounts {
  /** Payloads handed to them. */
  payloads: number;
  /** Updates that reached one of them only folded with others into one payload (S5). */
  conflated: number;
  /** How many of those that are pushed to are told nothing just now, until their connection has drained. */
  lagging: number;
}

/** What is counted of answers that are kept. */
export interface CacheCounts {
  /** Requests answered with what was kept. */
  hits: number;
  /** Requests whose answer was not kept, or was no longer right. */
  misses: number;
}

/** What is counted of a source. */
export interface SourceCounts {
  /** Changes that it told. */
  changes: number;
  /** When it told the last one, in milliseconds since 1970; null: none yet. */
  lastChangeAt: number | null;
  /** Times it failed, and was watched again after a pause. */
  restarts: number;
  /** Times all of it was listed anew, by how the watch before had ended. */
  readonly relists: Record<RelistCause, number>;
}

/** Why a source is listed anew: its watch ended or was cut, its version expired, it failed, or it was found dead. */
export type RelistCause = 'ended' | 'expired' | 'failed' | 'dead';

/** What is read when somebody asks. */
export interface States {
  readonly pushedReaders: () => number;
  readonly pulledReaders: () => number;
  /** Different subscriptions: each is executed once an update. */
  readonly groups: () => number;
  /** The sources that are open. */
  readonly sources: () => readonly SourceState[];
  /** Answers that are kept. */
  readonly queryCacheAnswers: () => number;
  /** What they take, with their requests, in bytes. */
  readonly queryCacheBytes: () => number;
  /** Open WebSockets. */
  readonly webSockets: () => number;
  /** What was written to WebSockets and has not left yet, in bytes. */
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

/** How a source is. */
export interface SourceState {
  readonly name: string;
  readonly state: 'connecting' | 'live' | 'stale';
}

/** The codes of what is refused, as clients get them. */
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

/** Counts those of an answer's errors that say that something was refused. */
export function countRefusals(metrics: Metrics, errors: readonly { readonly extensions?: unknown }[]): void {
  for (const { extensions } of errors) {
    const code =
      typeof extensions === 'object' && extensions !== null && 'code' in extensions && extensions.code;
    if (typeof code === 'string' && REFUSALS.includes(code)) metrics.refused(code);
  }
}

/** Nobody asks: what is counted is read by no one. */
export const noMetrics: Metrics = {
  pushed: createReaderCounts(),
  pulled: createReaderCounts(),
  queryCache: { hits: 0, misses: 0 },
  source: createSourceCounts,
  closed() {},
  refused() {},
  observe() {},
};

/** Nothing was counted yet. */
export function createReaderCounts(): ReaderCounts {
  return { payloads: 0, conflated: 0, lagging: 0 };
}

/** Nothing was counted yet. */
export function createSourceCounts(): SourceCounts {
  return {
    changes: 0,
    lastChangeAt: null,
    restarts: 0,
    relists: { ended: 0, expired: 0, failed: 0, dead: 0 },
  };
}
