import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from './clock.js';
import { createSchema } from './graphql/schema.js';
import { createLive } from './live/live.js';
import { createSubscriptionResolvers } from './live/subscription-resolvers.js';
import { createTurn } from './live/turn.js';
import { type Log, silentLog } from './log.js';
import type { SessionProvider } from './providers/provider.js';
import { createSources } from './providers/sources.js';
import type { SourceStatus } from './store/source.js';
import { createStore } from './store/store.js';
import { followTilts, type TiltsOptions } from './tilts.js';
import { createHttpServer } from './transport/http-server.js';
import { DEFAULT_QUERY_CACHE_LIMITS } from './transport/query-cache.js';
import { version } from './version.js';

/** What a gateway reads, and how. */
export interface GatewayOptions {
  /** Sources of Sessions, each with a name of its own. */
  readonly providers?: readonly SessionProvider[];
  /** Tilts to find and follow. Default: none. */
  readonly tilts?: TiltsOptions;
  /** How long a Session stays readable once it is GONE, in milliseconds. Default: an hour. */
  readonly retainMs?: number;
  /** How much answers to queries that are kept may take, in bytes; 0 keeps none. Default: 32 MiB. */
  readonly queryCacheBytes?: number;
  /** Default: nothing is logged. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Numbers from 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** A running gateway. */
export interface Gateway {
  /** Begins to serve; once only. Rejects with `node:net`'s error when it cannot (`EADDRINUSE`). */
  listen(port: number, host?: string): Promise<AddressInfo>;
  /** How many subscriptions are open. */
  readonly readers: number;
  /** The sources and how the links to them are. */
  sources(): SourceStatus[];
  /** Resolves once every source has given its first snapshot. */
  ready(): Promise<void>;
  /** Tells readers to come back later, closes the port, and ends everything. Harmless when called twice. */
  close(): Promise<void>;
}

/**
 * Begins to read the sources: their Sessions can be asked for as soon as it listens. Throws a `ProviderError` of code
 * `config` when two sources have one name.
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  const {
    providers = [],
    tilts,
    retainMs,
    queryCacheBytes = DEFAULT_QUERY_CACHE_LIMITS.bytes,
    log = silentLog,
    clock = systemClock,
    random = Math.random,
  } = options;
  const store = createStore({
    clock,
    epoch: epochOf(random),
    ...(retainMs === undefined ? {} : { retainMs }),
  });
  const sources = createSources({ sink: store, clock, random, log });
  const schema = createSchema(createSubscriptionResolvers());
  const turn = createTurn();
  const live = createLive({ store, log, turn });
  const server = createHttpServer({
    schema,
    live,
    turn,
    context: { store, version },
    queryCache: { ...DEFAULT_QUERY_CACHE_LIMITS, bytes: queryCacheBytes },
    clock,
    log,
  });

  try {
    for (const provider of providers) sources.add(provider);
    if (tilts) followTilts(tilts, { store, sources, clock, log });
  } catch (error) {
    // Two of one name: the first is being watched already.
    void sources.close();
    throw error;
  }

  return {
    listen: (port, host = '127.0.0.1') => server.listen(port, host),
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
    async close() {
      await server.close();
      await sources.close();
      store.dispose();
    },
  };
}

/** Tells this run's cursors from those of another: a client that comes back after a restart gets a reset. */
function epochOf(random: () => number): string {
  return Math.floor(random() * 36 ** 8).toString(36);
}
