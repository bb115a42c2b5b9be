import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Documents } from './graphql/documents.js';
import { createLoopBudget } from './graphql/event-loop.js';
import { createExecutor } from './graphql/executor.js';
import { createOperations } from './graphql/operation.js';
import { createPipeline } from './graphql/pipeline.js';
import { createSchema } from './graphql/schema.js';
import { type Clock, systemClock } from './lib/clock.js';
import { isLoopback } from './lib/host.js';
import { type Log, silentLog } from './lib/log.js';
import { createMetrics, type Metrics } from './lib/metrics.js';
import { createTracer, type Tracer } from './lib/tracing.js';
import { version } from './lib/version.js';
import { isLogProvider } from './nats/log-change.js';
import type { SessionProvider } from './providers/provider.js';
import { createSources, type Sources } from './providers/sources.js';
import { createAccess, type JwtOptions, type TokenVerifier } from './server/access/access.js';
import { parseAllowedHost, parseAllowedOrigin } from './server/access/authority.js';
import { parseTrustedProxies } from './server/access/peer.js';
import { type CompressMode, createCompression } from './server/compression.js';
import { createContexts } from './server/contexts.js';
import { isWebSocketUpgrade } from './server/http/ignored-upgrade.js';
import { DEFAULT_QUERY_CACHE_LIMITS } from './server/http/query-cache.js';
import { createHttpServer } from './server/http-server.js';
import { DEFAULT_LIMITS, type Limits } from './server/limits.js';
import type { Prometheus } from './server/prometheus.js';
import type { Routes } from './server/routes.js';
import type { KeyPair } from './server/tls.js';
import type { SourceStatus } from './store/source-table.js';
import { createStore, type Store } from './store/store.js';
import { createFlushScheduler } from './subscriptions/flush-scheduler.js';
import { subscriptionResolvers } from './subscriptions/subscription-resolvers.js';
import { createSubscriptions } from './subscriptions/subscriptions.js';
import { followTilts, type TiltsOptions } from './tilts.js';

/** Sources and environment of a gateway. */
export interface GatewayOptions extends ServingOptions {
  /** Sources of Sessions, each with a unique name. */
  readonly providers?: readonly SessionProvider[];
  /** Tilts to discover and follow. Default: none. */
  readonly tilts?: TiltsOptions;
  /** How long a GONE Session stays readable, in milliseconds. Default: 1 hour. */
  readonly retainMs?: number;
  /** Default: no log. */
  readonly log?: Log;
  /** Receives a span per executed operation. Default: the registered OpenTelemetry SDK, if any. */
  readonly tracer?: Tracer;
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** Random numbers from 0 (inclusive) to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Access, limits and pages of a gateway. */
export interface ServingOptions {
  /**
   * Bearer token that clients must present. Default: none, and the gateway listens on loopback addresses
   * only.
   */
  readonly token?: string;
  /**
   * Identity provider whose JSON Web Tokens are accepted. Their claims select the readable instances.
   * Default: none.
   */
  readonly jwt?: JwtOptions;
  /** Accepted host names, besides `localhost` and IP addresses; `*` for any. Default: none. */
  readonly allowHosts?: readonly string[];
  /**
   * Accepted origins of web pages, besides the gateway's own, such as `https://board.example.com`; `*` for
   * any. Default: none.
   */
  readonly allowOrigins?: readonly string[];
  /** Addresses and networks of proxies whose `X-Forwarded-*` headers are trusted. Default: none. */
  readonly trustProxies?: readonly string[];
  /** Prefix of every path, such as `/tilt`. Default: none. */
  readonly pathPrefix?: string;
  /** Certificate and key; only TLS is served then. Default: plain HTTP. */
  readonly tls?: KeyPair;
  /** Overrides of {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
  /** Maximum size of the response cache in bytes; 0 disables it. Default: 32 MiB. */
  readonly queryCacheBytes?: number;
  /** Whether introspection is allowed. Default: true. */
  readonly introspection?: boolean;
  /**
   * Whether to act as a subgraph of Apollo Federation 2, with the entities `Session` and `Target`. Default:
   * false.
   */
  readonly federation?: boolean;
  /** Whether to serve GraphiQL. Default: true. */
  readonly graphiql?: boolean;
  /**
   * Which clients get compressed data, of those that accept it. Default: `auto`, all clients, except for
   * subscriptions of clients on this machine.
   */
  readonly compress?: CompressMode;
  /** Whether to serve the dashboard at `/`. Default: true. */
  readonly dashboard?: boolean;
  /** Persisted documents; all others are rejected. Default: any document is accepted. */
  readonly documents?: Documents;
}

/** Running gateway. */
export interface Gateway {
  /**
   * Starts to listen; may be called once. Rejects with the error of `node:net`, such as `EADDRINUSE`, and
   * with a RangeError for an address beyond loopback without `token` or `jwt`.
   */
  listen(port: number, host?: string): Promise<AddressInfo>;
  /**
   * Handles a request of another HTTP server when its path belongs to the gateway: `/graphql`, `/`,
   * `/assets/…`, `/metrics`, `/healthz`, `/readyz`, and with authentication `/sign-in`, all below
   * `pathPrefix`. Returns false for any other path and does nothing. `Host`, `Origin` and tokens are
   * checked; limits of connections are left to the other server.
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /**
   * Handles an `upgrade` event of another HTTP server when it is a WebSocket handshake for the gateway.
   * Returns false for any other upgrade, such as `h2c`, and does nothing.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Number of open subscriptions. */
  readonly readers: number;
  /** Status of each source. */
  sources(): SourceStatus[];
  /** Resolves when every source has delivered its first snapshot. Rejects if the gateway is closed first. */
  ready(): Promise<void>;
  /** Replaces the TLS certificate for new connections. */
  renewTls(tls: KeyPair): void;
  /**
   * Ends all subscriptions such that clients reconnect, closes the port and stops the sources. From then on
   * `handle` and `upgrade` answer with 503, or close the connection of an event stream. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Creates a gateway, which reads its sources at once and serves them after `listen`. Throws a
 * `ProviderError` of code `config` for two sources of the same name, and a RangeError for an invalid proxy
 * address, host name or origin.
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  const parts = createParts(options);
  const store = openStore(options, parts);
  const { server, subscriptions } = openServer(options, store, parts);
  const sources = startSources(options, store, parts);
  const closing = new AbortController();

  return {
    ...requestHandlers(server.routes),
    async listen(port, host = '127.0.0.1') {
      requireToken(options, host);
      return server.listen(port, host);
    },
    get readers() {
      return subscriptions.readers;
    },
    sources: () => store.sources(),
    ready: () => waitUntilReady(store, closing.signal),
    renewTls: (tls) => server.renewTls(tls),
    async close() {
      closing.abort();
      await server.close();
      await sources.close();
      store.dispose();
    },
  };
}

/** Dependencies that several parts of a gateway share. */
interface Parts {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: Limits;
  readonly metrics: Metrics;
}

function createParts({
  log = silentLog,
  clock = systemClock,
  random = Math.random,
  limits,
}: GatewayOptions): Parts {
  return { log, clock, random, limits: { ...DEFAULT_LIMITS, ...limits }, metrics: createMetrics() };
}

function openStore({ retainMs, providers = [], tilts }: GatewayOptions, { clock, random }: Parts): Store {
  return createStore({
    clock,
    epoch: createEpoch(random),
    ...(retainMs === undefined ? {} : { retainMs }),
    ...findSharedSource(providers, tilts),
  });
}

/** Identifies the cursors of this run, so that a client that reconnects after a restart gets a reset. */
function createEpoch(random: () => number): string {
  return Math.floor(random() * 36 ** 8).toString(36);
}

/** Gateways have the same cursors only if a single shared log is all that they read. */
function findSharedSource(
  [first, ...others]: readonly SessionProvider[],
  tilts: TiltsOptions | undefined,
): { readonly sharedSource?: string } {
  const isShared = first !== undefined && isLogProvider(first) && others.length === 0 && !tilts;
  return isShared ? { sharedSource: first.name } : {};
}

function openServer(options: GatewayOptions, store: Store, parts: Parts) {
  const { limits, clock, log, metrics } = parts;
  const schema = createSchema(subscriptionResolvers, { federation: options.federation ?? false });
  const executor = createExecutor(limits, clock);
  const scheduler = createFlushScheduler();
  const subscriptions = createSubscriptions({
    ...{ log, scheduler, metrics, clock },
    largeLimits: limits,
    complexity: limits.complexity,
    subscriptionBytes: limits.subscriptionBytes,
  });
  const tracer = options.tracer ?? createTracer();
  const operations = createOperations({
    schema,
    limits,
    introspection: options.introspection ?? true,
    documents: options.documents ?? null,
  });
  metrics.registerGauges({ largeResponses: () => executor.load() });
  const proxies = parseTrustedProxies(options.trustProxies ?? []);
  const server = createHttpServer({
    ...parts,
    ...accessOf(options, parts),
    proxies,
    ...pagesOf(options, parts),
    compression: createCompression(options.compress ?? 'auto', proxies),
    pipeline: createPipeline({ operations, executor, tracer, metrics }),
    operations,
    subscriptions,
    scheduler,
    store,
    tracer,
    contextOf: createContexts(store, version),
    budget: createLoopBudget(clock),
    queryCache: {
      ...DEFAULT_QUERY_CACHE_LIMITS,
      bytes: options.queryCacheBytes ?? DEFAULT_QUERY_CACHE_LIMITS.bytes,
    },
  });
  return { server, subscriptions };
}

/** Options of the server that decide which requests are accepted. */
function accessOf(options: GatewayOptions, { clock, log }: Parts) {
  const { token = null, jwt, allowHosts = [], allowOrigins = [], tls = null } = options;
  return {
    access: createAccess({ token, verify: jwt ? lazyJwtVerifier(jwt, clock, log) : null }),
    guard: { hosts: allowHosts.map(parseAllowedHost), origins: allowOrigins.map(parseAllowedOrigin) },
    tls,
  };
}

/** Options of the server for its pages. */
function pagesOf(options: GatewayOptions, { metrics, clock }: Parts) {
  const { pathPrefix = '', graphiql = true, dashboard = true } = options;
  return { pathPrefix, graphiql, dashboard, prometheus: lazyPrometheus(metrics, clock) };
}

/** Verifies tokens of an identity provider. The library is loaded for the first token. */
function lazyJwtVerifier(options: JwtOptions, clock: Clock, log: Log): TokenVerifier {
  let verifier: Promise<TokenVerifier> | undefined;
  return async (token) => {
    verifier ??= import('./server/access/jwt.js').then(({ createJwtVerifier }) =>
      createJwtVerifier(options, clock, log),
    );
    return (await verifier)(token);
  };
}

/** Serves metrics. The Prometheus library is loaded for the first request. */
function lazyPrometheus(metrics: Metrics, clock: Clock): Pick<Prometheus, 'serve'> {
  let page: Promise<Prometheus> | undefined;
  return {
    async serve(response, accepted) {
      page ??= import('./server/prometheus.js').then(({ createPrometheus }) =>
        createPrometheus(metrics, clock),
      );
      await (await page).serve(response, accepted);
    },
  };
}

function startSources({ providers = [], tilts }: GatewayOptions, store: Store, parts: Parts): Sources {
  const sources = createSources({ ...parts, sink: store });
  const logs = providers.filter(isLogProvider);
  parts.metrics.registerGauges({
    sources: () =>
      store.sources().map(({ name, state }) => ({ name, state, isReadable: store.isReadable(name) })),
    sessions: () => store.ids().flatMap((id) => store.get(id) ?? []),
    deltas: () => logs.map(({ name, counts }) => [name, counts]),
  });
  try {
    for (const provider of providers) sources.add(provider);
    if (tilts) followTilts(tilts, { ...parts, store, sources });
  } catch (error) {
    // Two sources have the same name, and the first one is already being read.
    void sources.close();
    throw error;
  }
  return sources;
}

function requestHandlers(routes: Routes): Pick<Gateway, 'handle' | 'upgrade'> {
  return {
    handle(request, response) {
      const isOurs = routes.isOurs(request);
      if (isOurs) routes.handle(request, response);
      return isOurs;
    },
    upgrade(request, socket, head) {
      const isOurs = isWebSocketUpgrade(request) && routes.isOurs(request);
      if (isOurs) routes.upgrade(request, socket, head);
      return isOurs;
    },
  };
}

function requireToken({ token, jwt }: GatewayOptions, host: string): void {
  if (token !== undefined || jwt !== undefined || isLoopback(host)) return;
  throw new RangeError(
    `a token is required to listen on ${host}, which is reachable from other machines: set token or jwt`,
  );
}

function waitUntilReady(store: Store, closing: AbortSignal): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    const stop = store.onSources(check);
    closing.addEventListener('abort', fail);
    check();
    if (closing.aborted) fail();

    function check(): void {
      if (!store.ready) return;
      end();
      resolve();
    }

    function fail(): void {
      end();
      reject(new Error('the gateway was closed before every source was ready'));
    }

    function end(): void {
      stop();
      closing.removeEventListener('abort', fail);
    }
  });
  // Node.js would end a program that closes its gateway and ignores this promise.
  ready.catch(() => {});
  return ready;
}
