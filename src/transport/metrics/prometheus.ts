import type { ServerResponse } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Clock } from '../../clock.js';
import type { LargeCounts } from '../../metrics.js';
import { counter, gauge, type Sample } from './prometheus-metric.js';
import { addSources } from './prometheus-sources.js';
import type { Tally } from './tally.js';

/** The page that a Prometheus server reads. */
export interface Prometheus {
  /** What the page is, as a media type. */
  readonly contentType: string;
  /** The page as it is now. */
  text(): Promise<string>;
  /** Answers a request for the page. Rejects when a state cannot be read. */
  serve(response: ServerResponse): Promise<void>;
}

/** The page of what was counted, with what Node.js tells of the process. All of it is read when somebody asks. */
export function createPrometheus(tally: Tally, clock: Clock): Prometheus {
  const own = new Registry();
  addReaders(own, tally);
  addWebSockets(own, tally);
  addSources(own, tally, clock);
  addQueryCache(own, tally);
  addLarge(own, tally);
  addRefusals(own, tally);
  const { contentType } = own;
  let page: Registry | undefined;

  return {
    contentType,
    text,
    async serve(response) {
      const body = await text();
      response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
    },
  };

  function text(): Promise<string> {
    page ??= Registry.merge([own, processRegistry()]);
    return page.metrics();
  }
}

function addReaders(registry: Registry, { pushed, pulled, states }: Tally): void {
  gauge(registry, 'readers', 'Open subscriptions, by transport.', ['transport'], () => [
    [WEBSOCKET, states.pushedReaders?.()],
    [SSE, states.pulledReaders?.()],
  ]);
  gauge(
    registry,
    'groups',
    'Different subscriptions that are open: each is executed once an update.',
    [],
    () => [[{}, states.groups?.()]],
  );
  gauge(
    registry,
    'lagging_readers',
    'Subscriptions that are told nothing until their connection has drained.',
    ['transport'],
    () => [[WEBSOCKET, pushed.lagging]],
  );
  counter(registry, 'payloads_total', 'Payloads handed to readers.', ['transport'], () =>
    byTransport('payloads'),
  );
  counter(
    registry,
    'conflated_updates_total',
    'Updates that a slow reader got only folded with others into one payload.',
    ['transport'],
    () => byTransport('conflated'),
  );

  function byTransport(key: 'payloads' | 'conflated'): Sample<'transport'>[] {
    return [
      [WEBSOCKET, pushed[key]],
      [SSE, pulled[key]],
    ];
  }
}

const WEBSOCKET = { transport: 'websocket' } as const;
const SSE = { transport: 'sse' } as const;

function addWebSockets(registry: Registry, { closes, states }: Tally): void {
  gauge(registry, 'websockets', 'Open WebSockets.', [], () => [[{}, states.webSockets?.()]]);
  gauge(registry, 'websocket_unsent_bytes', 'Bytes written to WebSockets that have not left yet.', [], () => [
    [{}, states.webSocketUnsentBytes?.()],
  ]);
  counter(registry, 'websocket_closes_total', 'WebSockets closed, by close code.', ['code'], () =>
    [...closes].map(([code, number]) => [{ code }, number]),
  );
}

function addLarge(registry: Registry, { states }: Tally): void {
  gauge(
    registry,
    'unsent_large_bytes',
    'Bytes of large answers and payloads that are written and have not been sent.',
    ['of'],
    () => byKind('unsentBytes'),
  );
  gauge(
    registry,
    'peak_unsent_large_bytes',
    'The most bytes of large answers and payloads that were unsent at once.',
    ['of'],
    () => byKind('peakUnsentBytes'),
  );
  gauge(registry, 'waiting_large_operations', 'Large operations that wait for their turn.', ['of'], () =>
    byKind('waiting'),
  );

  function byKind(key: keyof LargeCounts): Sample<'of'>[] {
    return [
      [{ of: 'answers' }, states.largeAnswers?.()[key]],
      [{ of: 'payloads' }, states.largePayloads?.()[key]],
    ];
  }
}

function addQueryCache(registry: Registry, { queryCache, states }: Tally): void {
  counter(registry, 'query_cache_hits_total', 'Requests answered with what was kept.', [], () => [
    [{}, queryCache.hits],
  ]);
  counter(registry, 'query_cache_misses_total', 'Requests whose answer was not kept.', [], () => [
    [{}, queryCache.misses],
  ]);
  gauge(registry, 'query_cache_answers', 'Answers that are kept.', [], () => [
    [{}, states.queryCacheAnswers?.()],
  ]);
  gauge(registry, 'query_cache_bytes', 'Memory that kept answers take.', [], () => [
    [{}, states.queryCacheBytes?.()],
  ]);
}

function addRefusals(registry: Registry, { refusals }: Tally): void {
  counter(
    registry,
    'refusals_total',
    'Connections, requests and operations refused, by reason.',
    ['reason'],
    () => [...refusals].map(([code, number]) => [{ reason: code.toLowerCase() }, number]),
  );
}

let ofProcess: Registry | undefined;

/**
 * CPU, memory, event-loop delay, garbage collection. They are the process's, not a gateway's, and what prom-client
 * starts for them cannot be stopped again: there is one, however many gateways there are, and none before somebody asks.
 */
function processRegistry(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}
