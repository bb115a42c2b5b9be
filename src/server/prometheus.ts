import type { ServerResponse } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Clock } from '../lib/clock.js';
import {
  type LargeCounts,
  type Metrics,
  OTHER,
  type ReaderCounts,
  type SessionState,
  type SourceCounts,
  type SourceState,
} from '../lib/metrics.js';
import { PUBLIC_VARY } from './http/answer.js';
import { compress } from './http/compress.js';
import type { AcceptedCoding } from './http/content-coding.js';

/** The metrics page, in the text format of Prometheus. */
export interface Prometheus {
  /** Returns the page with the current values. */
  text(): Promise<string>;
  /** Answers a request for the page. Rejects when a value cannot be read. */
  serve(response: ServerResponse, accepted: AcceptedCoding): Promise<void>;
}

/**
 * Creates the metrics page of a gateway and of its Node.js process. All values are read on request.
 */
export function createPrometheus(metrics: Metrics, clock: Clock): Prometheus {
  const own = new Registry();
  addReaders(own, metrics);
  addWebSockets(own, metrics);
  addSources(own, metrics, clock);
  addReadableSources(own, metrics);
  addSessions(own, metrics);
  addQueryCache(own, metrics);
  addLarge(own, metrics);
  add(
    own,
    'rejections_total',
    'Rejected connections, requests and operations, by error code.',
    ['reason'],
    () => [...metrics.rejections].map(([code, number]) => [{ reason: code.toLowerCase() }, number]),
  );
  let page: Registry | undefined;

  return {
    text,
    async serve(response, { coding }) {
      const plain = Buffer.from(await text());
      const body = coding === null ? plain : await compress(plain, coding);
      response.writeHead(200, {
        'content-type': own.contentType,
        ...(coding && { 'content-encoding': coding }),
        'cache-control': 'no-store',
        vary: PUBLIC_VARY,
      });
      response.end(body);
    },
  };

  function text(): Promise<string> {
    page ??= Registry.merge([own, processRegistry()]);
    return page.metrics();
  }
}

/** Labels and their value. A sample whose value is undefined is omitted. */
type Sample<L extends string> = readonly [Readonly<Record<L, string>>, number | undefined];

/**
 * Adds a metric whose samples are read when the page is requested. It is a counter if its name ends in
 * `_total`, otherwise a gauge.
 */
function add<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
  read: () => readonly Sample<L>[],
): void {
  const Metric = name.endsWith('_total') ? Counter<L> : Gauge<L>;
  const metric: Counter<L> | Gauge<L> = new Metric({
    name: `tilt_graphql_${name}`,
    help,
    labelNames,
    registers: [],
    collect() {
      metric.reset();
      for (const [labels, value] of read()) if (value !== undefined) metric.inc(labels, value);
    },
  });
  registry.registerMetric(metric);
}

const WEBSOCKET = { transport: 'websocket' } as const;
const SSE = { transport: 'sse' } as const;

function addReaders(registry: Registry, { webSocket, sse, gauges }: Metrics): void {
  const byTransport = (key: keyof ReaderCounts) =>
    [
      [WEBSOCKET, webSocket[key]],
      [SSE, sse[key]],
    ] as const;
  add(registry, 'readers', 'Open subscriptions, by transport.', ['transport'], () => byTransport('open'));
  const groupsHelp = 'Distinct subscriptions; each is executed once per update.';
  add(registry, 'groups', groupsHelp, [], () => [[{}, gauges.groups?.()]]);
  const laggingHelp = 'Subscriptions that are paused until their connection drains.';
  add(registry, 'lagging_readers', laggingHelp, ['transport'], () => byTransport('lagging'));
  add(registry, 'payloads_total', 'Payloads delivered to readers.', ['transport'], () =>
    byTransport('payloads'),
  );
  const conflatedHelp = 'Updates that were merged with others into one payload for a slow reader.';
  add(registry, 'conflated_updates_total', conflatedHelp, ['transport'], () => byTransport('conflated'));
}

function addWebSockets(registry: Registry, { closes, gauges }: Metrics): void {
  add(registry, 'websockets', 'Open WebSockets.', [], () => [[{}, gauges.webSockets?.()]]);
  add(registry, 'websocket_unsent_bytes', 'Bytes written to WebSockets that have not been sent.', [], () => [
    [{}, gauges.webSocketUnsentBytes?.()],
  ]);
  add(registry, 'websocket_closes_total', 'WebSockets closed, by close code.', ['code'], () =>
    [...closes].map(([code, number]) => [{ code }, number]),
  );
}

const SOURCE_STATES: readonly SourceState['state'][] = ['connecting', 'live', 'stale'];

function addSources(registry: Registry, { sources, gauges }: Metrics, clock: Clock): void {
  const open = () => gauges.sources?.() ?? [];
  /** Open sources with counters of their own. All others share one counter. */
  const named = () => open().filter(({ name }) => sources.has(name));
  add(registry, 'sources', 'Open sources, by state.', ['state'], () =>
    SOURCE_STATES.map((state) => [{ state }, open().filter((source) => source.state === state).length]),
  );
  add(registry, 'source_state', 'Whether a source is in a state: 1 or 0.', ['source', 'state'], () =>
    named().flatMap(({ name, state: is }) =>
      SOURCE_STATES.map((state) => [{ source: name, state }, is === state ? 1 : 0] as const),
    ),
  );
  const ageHelp =
    'Time since the last change of a source. A source without changes is healthy while it is live.';
  add(registry, 'source_last_change_age_seconds', ageHelp, ['source'], () =>
    named().map(({ name }) => [{ source: name }, ageSeconds(sources.get(name))]),
  );
  add(registry, 'source_changes_total', 'Changes received from a source.', ['source'], () =>
    [...sources].map(([source, { changes }]) => [{ source }, changes]),
  );
  const restartsHelp = 'Failures after which a source was watched again.';
  add(registry, 'source_restarts_total', restartsHelp, ['source'], () =>
    [...sources].map(([source, { restarts }]) => [{ source }, restarts]),
  );
  const relistsHelp = 'Complete lists read after the first one, by the cause that ended the previous watch.';
  add(registry, 'source_relists_total', relistsHelp, ['source', 'cause'], () =>
    [...sources].flatMap(([source, { relists }]) =>
      Object.entries(relists).map(([cause, number]) => [{ source, cause }, number] as const),
    ),
  );

  const deltas = () => gauges.deltas?.() ?? [];
  const messagesHelp = 'Messages of a bucket, by what was read: the change or the complete state.';
  add(registry, 'bucket_messages_total', messagesHelp, ['source', 'read'], () =>
    deltas().flatMap(([source, counts]) => [
      [{ source, read: 'delta' }, counts.deltas] as const,
      [{ source, read: 'state' }, counts.states] as const,
    ]),
  );
  const digestsHelp = 'States compared with the digest of their publisher, by result.';
  add(registry, 'bucket_digests_total', digestsHelp, ['source', 'result'], () =>
    deltas().flatMap(([source, counts]) => [
      [{ source, result: 'equal' }, counts.matches] as const,
      [{ source, result: 'different' }, counts.mismatches] as const,
    ]),
  );

  function ageSeconds(counts: SourceCounts | undefined): number | undefined {
    const at = counts?.lastChangeAt ?? null;
    return at === null ? undefined : Math.max(0, clock.now() - at) / 1_000;
  }
}

/** Adds the gauge to alert on: a broker that cannot be reached, unlike one Session without a heartbeat. */
function addReadableSources(registry: Registry, { sources, gauges }: Metrics): void {
  const help = 'Whether a source as a whole is readable: 1 or 0. OTHER is 1 if all others are.';
  add(registry, 'source_readable', help, ['source'], () => {
    const readable = new Map<string, boolean>();
    for (const { name, isReadable } of gauges.sources?.() ?? []) {
      const source = sources.has(name) ? name : OTHER;
      readable.set(source, isReadable && (readable.get(source) ?? true));
    }
    return [...readable].map(([source, isReadable]) => [{ source }, isReadable ? 1 : 0]);
  });
}

const CONNECTION_STATES: readonly SessionState['connection']['state'][] = ['live', 'stale', 'gone'];

function addSessions(registry: Registry, { sources, gauges }: Metrics): void {
  const help = 'Known Sessions, by source and state of their connection.';
  add(registry, 'sessions', help, ['source', 'connection'], () => {
    const open = (gauges.sources?.() ?? []).map(({ name }) => name);
    const sessions = gauges.sessions?.() ?? [];
    // A source without Sessions counts too. GONE Sessions may be those of a source that is no longer open.
    const names = new Set([...open, ...sessions.map(({ source }) => source)].map(toLabel));
    const counts = new Map([...names].map((source) => [source, { live: 0, stale: 0, gone: 0 }]));
    for (const { source, connection } of sessions) {
      const count = counts.get(toLabel(source));
      if (count) count[connection.state] += 1;
    }
    return [...counts].flatMap(([source, count]) =>
      CONNECTION_STATES.map((connection) => [{ source, connection }, count[connection]] as const),
    );
  });

  function toLabel(source: string): string {
    return sources.has(source) ? source : OTHER;
  }
}

function addLarge(registry: Registry, { gauges }: Metrics): void {
  const byKind = (key: keyof LargeCounts) =>
    [
      [{ kind: 'responses' }, gauges.largeResponses?.()[key]],
      [{ kind: 'payloads' }, gauges.largePayloads?.()[key]],
    ] as const;
  const unsentHelp = 'Bytes of large responses and payloads that have not been sent.';
  add(registry, 'unsent_large_bytes', unsentHelp, ['kind'], () => byKind('unsentBytes'));
  const peakHelp = 'Maximum of unsent_large_bytes since the start.';
  add(registry, 'peak_unsent_large_bytes', peakHelp, ['kind'], () => byKind('peakUnsentBytes'));
  const queuedHelp = 'Large operations in the queue.';
  add(registry, 'queued_large_operations', queuedHelp, ['kind'], () => byKind('waiting'));
}

function addQueryCache(registry: Registry, { queryCache, gauges }: Metrics): void {
  add(registry, 'query_cache_hits_total', 'Requests answered from the response cache.', [], () => [
    [{}, queryCache.hits],
  ]);
  add(registry, 'query_cache_misses_total', 'Requests whose response was not in the cache.', [], () => [
    [{}, queryCache.misses],
  ]);
  add(registry, 'query_cache_responses', 'Responses in the cache.', [], () => [
    [{}, gauges.queryCacheResponses?.()],
  ]);
  add(registry, 'query_cache_bytes', 'Memory of the cached responses.', [], () => [
    [{}, gauges.queryCacheBytes?.()],
  ]);
}

let ofProcess: Registry | undefined;

/**
 * Returns the metrics of the process: CPU, memory, event-loop delay, garbage collection. All gateways of a
 * process share them. They are created on the first request, because prom-client starts observers for them
 * that it cannot stop.
 */
function processRegistry(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}
