import type { ServerResponse } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Clock } from '../lib/clock.js';
import type { LargeCounts, Metrics, ReaderCounts, SourceCounts, SourceState } from '../lib/metrics.js';

/** The page that a Prometheus server reads. */
export interface Prometheus {
  /** The page as it is now. */
  text(): Promise<string>;
  /** Answers a request for the page. Rejects when a state cannot be read. */
  serve(response: ServerResponse): Promise<void>;
}

/**
 * Creates the metrics page of a gateway and of its Node.js process. All values are read on request.
 */
export function createPrometheus(metrics: Metrics, clock: Clock): Prometheus {
  const own = new Registry();
  addReaders(own, metrics);
  addWebSockets(own, metrics);
  addSources(own, metrics, clock);
  addQueryCache(own, metrics);
  addLarge(own, metrics);
  add(own, 'refusals_total', 'Connections, requests and operations refused, by reason.', ['reason'], () =>
    [...metrics.rejections].map(([code, number]) => [{ reason: code.toLowerCase() }, number]),
  );
  let page: Registry | undefined;

  return {
    text,
    async serve(response) {
      const body = await text();
      response.writeHead(200, { 'content-type': own.contentType, 'cache-control': 'no-store' }).end(body);
    },
  };

  function text(): Promise<string> {
    page ??= Registry.merge([own, processRegistry()]);
    return page.metrics();
  }
}

/** Labels, and the value they have; undefined: it is not known, and left out. */
type Sample<L extends string> = readonly [Readonly<Record<L, string>>, number | undefined];

/**
 * Adds a metric whose samples are read when the page is asked for. One whose name ends in `_total` is a
 * counter.
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
  const groupsHelp = 'Different subscriptions that are open: each is executed once an update.';
  add(registry, 'groups', groupsHelp, [], () => [[{}, gauges.groups?.()]]);
  const laggingHelp = 'Subscriptions that are paused until their connection drains.';
  add(registry, 'lagging_readers', laggingHelp, ['transport'], () => byTransport('lagging'));
  add(registry, 'payloads_total', 'Payloads handed to readers.', ['transport'], () =>
    byTransport('payloads'),
  );
  const conflatedHelp = 'Updates that a slow reader got only folded with others into one payload.';
  add(registry, 'conflated_updates_total', conflatedHelp, ['transport'], () => byTransport('conflated'));
}

function addWebSockets(registry: Registry, { closes, gauges }: Metrics): void {
  add(registry, 'websockets', 'Open WebSockets.', [], () => [[{}, gauges.webSockets?.()]]);
  add(registry, 'websocket_unsent_bytes', 'Bytes written to WebSockets that have not left yet.', [], () => [
    [{}, gauges.webSocketUnsentBytes?.()],
  ]);
  add(registry, 'websocket_closes_total', 'WebSockets closed, by close code.', ['code'], () =>
    [...closes].map(([code, number]) => [{ code }, number]),
  );
}

const SOURCE_STATES: readonly SourceState['state'][] = ['connecting', 'live', 'stale'];

function addSources(registry: Registry, { sources, gauges }: Metrics, clock: Clock): void {
  const open = () => gauges.sources?.() ?? [];
  /** Close codes with counters of their own. All others share one. */
  const named = () => open().filter(({ name }) => sources.has(name));
  add(registry, 'sources', 'Open sources, by state.', ['state'], () =>
    SOURCE_STATES.map((state) => [{ state }, open().filter((source) => source.state === state).length]),
  );
  add(registry, 'source_state', 'Whether a source is in a state: 1 or 0.', ['source', 'state'], () =>
    named().flatMap(({ name, state: is }) =>
      SOURCE_STATES.map((state) => [{ source: name, state }, is === state ? 1 : 0] as const),
    ),
  );
  const ageHelp = 'Time since a source told a change. A quiet source is not ill: see its state.';
  add(registry, 'source_news_age_seconds', ageHelp, ['source'], () =>
    named().map(({ name }) => [{ source: name }, ageSeconds(sources.get(name))]),
  );
  add(registry, 'source_changes_total', 'Changes that a source told.', ['source'], () =>
    [...sources].map(([source, { changes }]) => [{ source }, changes]),
  );
  const restartsHelp = 'Times a source failed and was watched again after a pause.';
  add(registry, 'source_restarts_total', restartsHelp, ['source'], () =>
    [...sources].map(([source, { restarts }]) => [{ source }, restarts]),
  );
  const relistsHelp = 'Complete lists of a source, by the cause that ended its watch.';
  add(registry, 'source_relists_total', relistsHelp, ['source', 'cause'], () =>
    [...sources].flatMap(([source, { relists }]) =>
      Object.entries(relists).map(([cause, number]) => [{ source, cause }, number] as const),
    ),
  );

  function ageSeconds(counts: SourceCounts | undefined): number | undefined {
    const at = counts?.lastChangeAt ?? null;
    return at === null ? undefined : Math.max(0, clock.now() - at) / 1_000;
  }
}

function addLarge(registry: Registry, { gauges }: Metrics): void {
  const byKind = (key: keyof LargeCounts) =>
    [
      [{ of: 'answers' }, gauges.largeAnswers?.()[key]],
      [{ of: 'payloads' }, gauges.largePayloads?.()[key]],
    ] as const;
  const unsentHelp = 'Bytes of large answers and payloads that are written and have not been sent.';
  add(registry, 'unsent_large_bytes', unsentHelp, ['of'], () => byKind('unsentBytes'));
  const peakHelp = 'The most bytes of large answers and payloads that were unsent at once.';
  add(registry, 'peak_unsent_large_bytes', peakHelp, ['of'], () => byKind('peakUnsentBytes'));
  const waitingHelp = 'Large operations that wait for their turn.';
  add(registry, 'waiting_large_operations', waitingHelp, ['of'], () => byKind('waiting'));
}

function addQueryCache(registry: Registry, { queryCache, gauges }: Metrics): void {
  add(registry, 'query_cache_hits_total', 'Requests answered with what was kept.', [], () => [
    [{}, queryCache.hits],
  ]);
  add(registry, 'query_cache_misses_total', 'Requests whose answer was not kept.', [], () => [
    [{}, queryCache.misses],
  ]);
  add(registry, 'query_cache_answers', 'Answers that are kept.', [], () => [
    [{}, gauges.queryCacheAnswers?.()],
  ]);
  add(registry, 'query_cache_bytes', 'Memory that kept answers take.', [], () => [
    [{}, gauges.queryCacheBytes?.()],
  ]);
}

let ofProcess: Registry | undefined;

/**
 * CPU, memory, event-loop delay, garbage collection. They are the process's, not a gateway's, and what
 * prom-client starts for them cannot be stopped again: there is one, however many gateways there are, and
 * none before it is asked for.
 */
function processRegistry(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}
