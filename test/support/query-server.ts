import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { createLoopBudget } from '../../src/graphql/event-loop.js';
import { createExecutor } from '../../src/graphql/executor.js';
import { createOperations } from '../../src/graphql/operation.js';
import { createPipeline } from '../../src/graphql/pipeline.js';
import { createSchema } from '../../src/graphql/schema.js';
import { silentLog } from '../../src/lib/log.js';
import { createMetrics } from '../../src/lib/metrics.js';
import { noTracer } from '../../src/lib/tracing.js';
import { createCompression } from '../../src/server/compression.js';
import { createGraphQLHttp } from '../../src/server/http/graphql-http.js';
import { createOpenStreams } from '../../src/server/http/open-streams.js';
import { DEFAULT_QUERY_CACHE_LIMITS, type QueryCacheLimits } from '../../src/server/http/query-cache.js';
import { DEFAULT_LIMITS } from '../../src/server/limits.js';
import { createStore, type Store } from '../../src/store/store.js';
import { createFlushScheduler } from '../../src/subscriptions/flush-scheduler.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createSubscriptions } from '../../src/subscriptions/subscriptions.js';
import { createManualClock, type ManualClock } from './manual-clock.js';

/** A GraphQL HTTP server on a store that the test changes. Closed at the end of its block (`await using`). */
export interface QueryServer extends AsyncDisposable {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly port: number;
  /** Number of executed operations. All others were served from the cache. */
  readonly executions: number;
  /** Sends a request. Default method: POST. The header `scope` sets the authorization scope. */
  send(options: RequestOptions): Promise<QueryResponse>;
  /** Sends a query by POST. */
  post(query: string, variables?: Readonly<Record<string, unknown>>): Promise<QueryResponse>;
  /** Sends a query by GET. */
  get(query: string, headers?: OutgoingHttpHeaders): Promise<QueryResponse>;
}

/** Options of one HTTP request. */
export interface RequestOptions {
  readonly method?: string;
  /** Default: the GraphQL endpoint. */
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  /**
   * Body, or parts of it that are sent one by one. Chunked unless the headers have a length. Default: no
   * body.
   */
  readonly body?: string | readonly string[];
}

/** The received response. */
export interface QueryResponse {
  readonly status: number | undefined;
  /** Raw headers without `Date`. */
  readonly headers: readonly string[];
  readonly etag: string;
  readonly body: string;
}

const SCHEMA = createSchema(subscriptionResolvers);

/** Starts a server. */
export async function startQueryServer(
  queryCache: QueryCacheLimits = DEFAULT_QUERY_CACHE_LIMITS,
  schema = SCHEMA,
): Promise<QueryServer> {
  const clock = createManualClock();
  const store = createStore({ clock, epoch: 'e' });
  let executions = 0;
  const metrics = createMetrics();
  const scheduler = createFlushScheduler();
  const operations = createOperations({
    schema,
    limits: DEFAULT_LIMITS,
    introspection: true,
    documents: null,
  });
  const executor = createExecutor(DEFAULT_LIMITS, clock);
  const graphql = createGraphQLHttp({
    pipeline: createPipeline({
      operations,
      executor: {
        load: executor.load,
        execute(job) {
          executions += 1;
          return executor.execute(job);
        },
      },
      tracer: noTracer,
      metrics,
    }),
    operations,
    subscriptions: createSubscriptions({ log: silentLog, scheduler, metrics }),
    scheduler,
    streams: createOpenStreams(),
    metrics,
    clock,
    log: silentLog,
    path: '/graphql',
    contextOf: () => ({ store, version: 'test', scope: '', lastEventId: null }),
    budget: createLoopBudget(clock),
    limits: DEFAULT_LIMITS,
    queryCache,
    compression: createCompression('auto', null),
  });
  const server = createServer((request, response) =>
    graphql(request, response, {
      scope: { key: String(request.headers.scope ?? ''), instances: null },
      expiresAt: null,
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address.');
  const { port } = address;
  const send = (options: RequestOptions) => exchange(port, options);

  return {
    store,
    clock,
    port,
    get executions() {
      return executions;
    },
    send,
    post: (query, variables = {}) => {
      const body = JSON.stringify({ query, variables });
      return send({ headers: { 'content-type': 'application/json', 'content-length': body.length }, body });
    },
    get: (query, headers = {}) =>
      send({ method: 'GET', path: `/graphql?query=${encodeURIComponent(query)}`, headers }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      store.dispose();
    },
  };
}

async function exchange(
  port: number,
  { method = 'POST', path = '/graphql', headers = {}, body = [] }: RequestOptions,
): Promise<QueryResponse> {
  const sent = request({ port, host: '127.0.0.1', method, path, headers });
  sent.flushHeaders();
  for (const piece of [body].flat()) {
    await new Promise((resolve) => sent.write(piece, resolve));
    await new Promise(setImmediate);
  }
  sent.end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (!response) throw new Error('Expected a response.');
  const { statusCode: status, rawHeaders } = response;
  const date = rawHeaders.indexOf('Date');
  return {
    status,
    headers: date < 0 ? rawHeaders : rawHeaders.toSpliced(date, 2),
    etag: response.headers.etag ?? '',
    body: await text(response),
  };
}
