import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Documents } from './graphql/documents.js';
import { createExecutor } from './graphql/executor.js';
import { createLoopBudget } from './graphql/loop-budget.js';
import { createOperations } from './graphql/operation.js';
import { createSchema } from './graphql/schema.js';
import { type Clock, systemClock } from './lib/clock.js';
import { type Log, silentLog } from './lib/log.js';
import { createMetrics, type Metrics } from './lib/metrics.js';
import { createTracer, type Tracer } from './lib/tracing.js';
import { version } from './lib/version.js';
import { isLogProvider } from './nats/log-change.js';
import type { SessionProvider } from './providers/provider.js';
import { createSources } from './providers/sources.js';
import { createAccess, type JwtOptions, type TokenVerifier } from './server/access/access.js';
import { parseAllowedHost, parseAllowedOrigin } from './server/access/authority.js';
import { isLoopback, parseTrustedProxies } from './server/access/peer.js';
import { createContexts } from './server/contexts.js';
import { isWebSocketUpgrade } from './server/http/ignored-upgrade.js';
import { DEFAULT_QUERY_CACHE_LIMITS } from './server/http/query-cache.js';
import { createHttpServer } from './server/http-server.js';
import { DEFAULT_LIMITS, type Limits } from './server/limits.js';
import type { Prometheus } from './server/prometheus.js';
import type { KeyPair } from './server/tls.js';
import type { SourceStatus } from './store/source-table.js';
import { createStore } from './store/store.js';
import { createLive } from './subscriptions/live.js';
import { createSubscriptionResolvers } from './subscriptions/subscription-resolvers.js';
import { createTurn } from './subscriptions/turn.js';
import { followTilts, type TiltsOptions } from './tilts.js';

/** What a gateway reads, and how. */
export interface GatewayOptions extends ServingOptions {
  /** Sources of Sessions, each with a name of its own. */
  readonly providers?: readonly SessionProvider[];
  /** Tilts to find and follow. Default: none. */
  readonly tilts?: TiltsOptions;
  /** How long a Session stays readable once it is GONE, in milliseconds. Default: an hour. */
  readonly retainMs?: number;
  /** Default: nothing is logged. */
  readonly log?: Log;
  /** Receives each operation that is executed. Default: the OpenTelemetry SDK that the process has registered, if there is one. */
  readonly tracer?: Tracer;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Numbers from 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** To whom a gateway says what, and how much. */
export interface ServingOptions {
  /** Lets in who has it. Default: none is asked for, and only this machine can be listened to. */
  readonly token?: string;
  /** Lets in whose token an identity provider has signed, to see what it says. Default: nobody. */
  readonly jwt?: JwtOptions;
  /** Names it may be called by, beside `localhost` and addresses; `*` for any. Default: none. */
  readonly allowHosts?: readonly string[];
  /** Origins of pages, other than its own, that may ask it, such as `https://board.example.com`; `*` for any. Default: none. */
  readonly allowOrigins?: readonly string[];
  /** Addresses and networks of proxies whose `X-Forwarded-*` is believed. Default: none. */
  readonly trustProxies?: readonly string[];
  /** What every path begins with, such as `/tilt`. Default: nothing. */
  readonly pathPrefix?: string;
  /** Serves TLS alone. Default: plain HTTP. */
  readonly tls?: KeyPair;
  /** What clients may take at most; see {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
  /** How much answers to queries that are kept may take, in bytes; 0 keeps none. Default: 32 MiB. */
  readonly queryCacheBytes?: number;
  /** Whether the schema may be asked for. Default: true. */
  readonly introspection?: boolean;
  /** Whether it can be a subgraph of Apollo Federation 2, with `Session` and `Target` as entities. Default: false. */
  readonly federation?: boolean;
  /** Whether browsers get GraphiQL. Default: true. */
  readonly graphiql?: boolean;
  /** Whether the dashboard is served, at `/`. Default: true. */
  readonly dashboard?: boolean;
  /** The only documents that are answered. Default: any are. */
  readonly documents?: Documents;
}

/** A running gateway. */
export interface Gateway {
  /**
   * Begins to serve; once only. Rejects with `node:net`'s error when it cannot (`EADDRINUSE`), and with a RangeError for
   * an address beyond this machine when no token is asked for.
   */
  listen(port: number, host?: string): Promise<AddressInfo>;
  /**
   * Answers a request that came to another HTTP server, if it is to one of the gateway's paths: `/graphql`, `/`, `/assets/…`,
   * `/metrics`, `/healthz`, `/readyz`, and `/sign-in` where a token is asked for, each behind the `pathPrefix`. Else nothing is done, and it is false. `Host`, `Origin` and
   * tokens are checked as ever; how many connections there are, and from where, is the other server's business.
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Takes over a connection that is to become a WebSocket, as of a server's event `upgrade`. Else, as for `h2c`, nothing is done, and it is false. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** How many subscriptions are open. */
  readonly readers: number;
  /** The sources and how the links to them are. */
  sources(): SourceStatus[];
  /** Resolves once every source has given its first snapshot. */
  ready(): Promise<void>;
  /** Uses another certificate from now on. */
  renewTls(tls: KeyPair): void;
  /** Tells readers to come back later, closes the port, and ends everything. Harmless when called twice. */
  close(): Promise<void>;
}

/**
 * Begins to read the sources: their Sessions can be asked for as soon as it listens. Throws a `ProviderError` of code
 * `config` when two sources have one name, and a RangeError for a proxy's address, an allowed host or an allowed origin that
 * is none.
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  const {
    providers = [],
    tilts,
    retainMs,
    log = silentLog,
    clock = systemClock,
    random = Math.random,
  } = options;
  const store = createStore({
    clock,
    epoch: epochOf(random),
    ...(retainMs === undefined ? {} : { retainMs }),
    ...sharedSourceOf(providers, tilts),
  });
  const schema = createSchema(createSubscriptionResolvers(), {
    federation: options.federation ?? false,
  });
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const turn = createTurn();
  const metrics = createMetrics();
  const executor = createExecutor(limits, clock);
  metrics.registerGauges({ largeAnswers: () => executor.load() });
  const live = createLive({ log, turn, metrics, largeLimits: limits, clock });
  const isOpen = options.token === undefined && options.jwt === undefined;
  const server = createHttpServer({
    schema,
    live,
    turn,
    store,
    clock,
    log,
    limits,
    metrics,
    random,
    tracer: options.tracer ?? createTracer(),
    prometheus: lazyPrometheus(metrics, clock),
    contextOf: createContexts(store, version),
    executor,
    budget: createLoopBudget(clock),
    operations: createOperations({
      schema,
      limits,
      introspection: options.introspection ?? true,
      documents: options.documents ?? null,
    }),
    access: createAccess({
      token: options.token ?? null,
      verify: options.jwt ? lazyJwtVerifier(options.jwt, clock, log) : null,
    }),
    guard: {
      hosts: (options.allowHosts ?? []).map(parseAllowedHost),
      origins: (options.allowOrigins ?? []).map(parseAllowedOrigin),
    },
    proxies: parseTrustedProxies(options.trustProxies ?? []),
    pathPrefix: options.pathPrefix ?? '',
    graphiql: options.graphiql ?? true,
    dashboard: options.dashboard ?? true,
    tls: options.tls ?? null,
    queryCache: {
      ...DEFAULT_QUERY_CACHE_LIMITS,
      bytes: options.queryCacheBytes ?? DEFAULT_QUERY_CACHE_LIMITS.bytes,
    },
  });
  const sources = createSources({ sink: store, clock, random, log, metrics });
  metrics.registerGauges({ sources: () => store.sources() });

  try {
    for (const provider of providers) sources.add(provider);
    if (tilts) followTilts(tilts, { store, sources, clock, log, metrics });
  } catch (error) {
    // Two of one name: the first is being watched already.
    void sources.close();
    throw error;
  }

  return {
    async listen(port, host = '127.0.0.1') {
      if (isOpen && !isLoopback(host)) {
        throw new RangeError(`expected a token, since ${host} can be reached from beyond this machine`);
      }
      return server.listen(port, host);
    },
    handle(request, response) {
      const isOurs = server.routes.isOurs(request);
      if (isOurs) server.routes.handle(request, response);
      return isOurs;
    },
    upgrade(request, socket, head) {
      const isOurs = isWebSocketUpgrade(request) && server.routes.isOurs(request);
      if (isOurs) server.routes.upgrade(request, socket, head);
      return isOurs;
    },
    get readers() {
      return live.readers;
    },
    sources: () => store.sources(),
    ready: () =>
      new Promise((resolve) => {
        const stop = store.onSources(check);
        check();

        function check(): void {
          if (!store.ready) return;
          stop();
          resolve();
        }
      }),
    renewTls: (tls) => server.renewTls(tls),
    async close() {
      await server.close();
      await sources.close();
      store.dispose();
    },
  };
}

/** What checks tokens of an identity provider is loaded when the first one comes. */
function lazyJwtVerifier(options: JwtOptions, clock: Clock, log: Log): TokenVerifier {
  let verifier: Promise<TokenVerifier> | undefined;
  return async (token) => {
    verifier ??= import('./server/access/jwt.js').then(({ createJwtVerifier }) =>
      createJwtVerifier(options, clock, log),
    );
    return (await verifier)(token);
  };
}

/** Prometheus' library is loaded when somebody first asks. */
function lazyPrometheus(metrics: Metrics, clock: Clock): Pick<Prometheus, 'serve'> {
  let page: Promise<Prometheus> | undefined;
  return {
    async serve(response) {
      page ??= import('./server/prometheus.js').then(({ createPrometheus }) =>
        createPrometheus(metrics, clock),
      );
      await (await page).serve(response);
    },
  };
}

/** Several gateways have the same cursors only if all they read is the same log. */
function sharedSourceOf(
  [first, ...others]: readonly SessionProvider[],
  tilts: TiltsOptions | undefined,
): { readonly sharedSource?: string } {
  const isShared = first !== undefined && isLogProvider(first) && others.length === 0 && !tilts;
  return isShared ? { sharedSource: first.name } : {};
}

/** Tells this run's cursors from those of another: a client that comes back after a restart gets a reset. */
function epochOf(random: () => number): string {
  return Math.floor(random() * 36 ** 8).toString(36);
}
