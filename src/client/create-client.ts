import type { Clock } from '../lib/clock.js';
import { ClientError } from './client-error.js';
import { createConnection } from './connection.js';
import { parseEndpoints, type Token } from './endpoint.js';
import {
  type ResourceFields,
  ResourcesDocument,
  SessionByIdDocument,
  type SessionFields,
  type Sessions,
  SessionsDocument,
} from './generated.js';
import { queryConnectingSources, queryKnownSessions } from './known-sessions.js';
import { createLogSource, type LogSelection, type LogView } from './log-view.js';
import { createQueries, type TypedDocument } from './queries.js';
import {
  createResourcesSource,
  createSessionSource,
  createSessionsSource,
  createTargetsSource,
  type ResourcesView,
  type SessionSelection,
  type SessionsSelection,
  type SessionsView,
  type SessionView,
  type TargetSelection,
  type TargetsView,
} from './views.js';
import { type WaitOptions, type WaitOutcome, type WaitSources, waitFor } from './wait-for.js';
import { subscribe, watch } from './watch.js';

/** Gateways and credentials of a client. */
export interface ClientOptions {
  /**
   * Address of the endpoint, `http(s)://host:port[/prefix]/graphql`. Without a path, `/graphql` is added.
   * Default: `http://127.0.0.1:4000/graphql`.
   */
  readonly url?: string;
  /** Several equivalent gateways, instead of `url`. When one fails, the client uses the next. */
  readonly urls?: readonly string[];
  /**
   * A token, or a function that returns one for each connection and query. Every gateway of `urls` receives
   * it. Default: none.
   */
  readonly token?: Token | undefined;
}

/** Options of a single call. */
export interface CallOptions {
  /** Aborts the call: a promise rejects with the signal's reason, an iteration ends. */
  readonly signal?: AbortSignal | undefined;
}

/** Selects the targets to watch. */
export interface WatchTargetsOptions extends CallOptions, TargetSelection {}

/** Selects the Session whose resources are read or watched. */
export interface ResourcesOptions extends CallOptions, SessionSelection {}

/** Selects the lines of a log to watch. */
export interface LogOptions extends CallOptions, LogSelection {}

/** Selects the Sessions to watch. */
export interface WatchSessionsOptions extends CallOptions, SessionsSelection {}

/** A client of one gateway, or of several equivalent ones. All its subscriptions share one WebSocket. */
export interface Client {
  /**
   * Executes one query over HTTP. With several gateways, an unreachable one is skipped. Rejects with a
   * ClientError, or with a TypeError for a document without a text.
   */
  query<R, V>(document: TypedDocument<R, V> | string, variables?: V, options?: CallOptions): Promise<R>;
  /**
   * Subscribes over the WebSocket, without reconnecting. With several gateways, one that cannot be reached is
   * skipped. Throws a ClientError when the connection breaks or the gateway rejects the document; ends when
   * the gateway completes it. At most 1,000 unread payloads are kept; one more throws `TOO_SLOW`.
   */
  subscribe<R, V>(
    document: TypedDocument<R, V> | string,
    variables?: V,
    options?: CallOptions,
  ): AsyncIterable<R>;
  /** Reads one Session; null when it does not exist. Without an id, the only one. */
  session(id?: string, options?: CallOptions): Promise<SessionFields | null>;
  /** Reads all Sessions, ordered by id. */
  sessions(options?: CallOptions): Promise<SessionFields[]>;
  /**
   * Reads the resources of one Session in the order of their names: labels, links, trigger modes and what
   * they wait for. Null when the Session does not exist. Without an id, those of the only one.
   */
  resources(options?: ResourcesOptions): Promise<readonly ResourceFields[] | null>;
  /**
   * Watches the newest state of one Session until it is aborted. A slow consumer skips intermediate states.
   */
  watchSession(id?: string, options?: CallOptions): AsyncIterable<SessionView>;
  /**
   * Watches the targets of one Session, folded (S3): a view for each payload, and whenever the connection
   * breaks or recovers. A broken connection resumes after the last payload (S4) unless `resume` is false, at
   * the next gateway if there are several. Throws a ClientError only when a retry cannot help: the token is
   * invalid, the gateway rejects the document, or no id is given and several Sessions are known.
   *
   * Up to 64 unread payloads are kept. One more merges all of them into one; `conflated` then is the number
   * of updates in it. Breaking out of the loop ends the subscription at once.
   */
  watchTargets(options?: WatchTargetsOptions): AsyncIterable<TargetsView>;
  /** Watches the set of Sessions, folded and resumed as `watchTargets` does. */
  watchSessions(options?: WatchSessionsOptions): AsyncIterable<SessionsView>;
  /**
   * Watches the resources of one Session until it is aborted. A view follows only when a fact about a
   * resource has changed. A slow consumer skips intermediate states.
   */
  watchResources(options?: ResourcesOptions): AsyncIterable<ResourcesView>;
  /**
   * Watches the log of one Session: its last lines, and then new ones, until it is aborted. After a reconnect
   * it continues after the last line that was received, if the gateway still has it. Up to 10,000 unread
   * lines are kept, and the newest of them remain.
   */
  log(options?: LogOptions): AsyncIterable<LogView>;
  /**
   * Waits until a condition holds for one run of Tilt; see {@link Condition}. Rejects with a ClientError when
   * `watchTargets` would throw one or the client is closed, and with the signal's reason.
   */
  waitFor(options: WaitOptions): Promise<WaitOutcome>;
  /**
   * Ends every subscription and query; idempotent. Later calls fail with `CLOSED`, later iterations end at
   * once.
   */
  close(): void;
}

/** Time and randomness, replaceable in tests. */
export interface ClientInternals {
  readonly clock: Clock;
  /** Returns numbers from 0 up to 1. */
  readonly random: () => number;
}

/**
 * Longest delay of a timer, 24.8 days in milliseconds: above it a timer fires at once. A longer wait checks
 * the time again.
 */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The machine's time and randomness. Unlike those of `lib/clock`, its timers keep Node.js running while a
 * caller waits.
 */
const systemInternals: ClientInternals = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (ms, task) => {
      const timer = setTimeout(task, Math.min(ms, MAX_TIMER_MS));
      return () => clearTimeout(timer);
    },
  },
  random: () => Math.random(),
};

/**
 * Creates a client. It connects on first use. Throws a TypeError for an invalid address.
 *
 * @param internals time and randomness; default: the machine's
 */
export function createClient(
  options: ClientOptions = {},
  internals: ClientInternals = systemInternals,
): Client {
  const { clock } = internals;
  const { token } = options;
  const endpoints = parseEndpoints(options);
  const connection = createConnection({ endpoints, token, ...internals });
  const queries = createQueries({ endpoints, token, clock, connection });

  return {
    query: queries.query,
    subscribe: (document, variables, { signal } = {}) =>
      subscribe(connection, document, variables, { signal, triesOthers: true }),
    async session(id, callOptions) {
      const { session } = await queries.query(SessionByIdDocument, { id }, callOptions);
      return session;
    },
    async sessions(callOptions) {
      const all: SessionFields[] = [];
      let after: string | null = null;
      do {
        const { sessions }: Sessions = await queries.query(SessionsDocument, { after }, callOptions);
        all.push(...sessions.nodes);
        after = sessions.pageInfo.hasNextPage ? sessions.pageInfo.endCursor : null;
      } while (after !== null);
      return all;
    },
    async resources({ session: id, ...callOptions } = {}) {
      const { session } = await queries.query(ResourcesDocument, { id }, callOptions);
      return session?.resources ?? null;
    },
    watchSession: (id, { signal } = {}) => watch(connection, clock, () => createSessionSource(id), signal),
    watchTargets,
    watchSessions,
    log: ({ signal, ...selection } = {}) =>
      watch(connection, clock, () => createLogSource(selection), signal),
    watchResources: ({ signal, ...selection } = {}) =>
      watch(connection, clock, () => createResourcesSource(selection), signal),
    waitFor(waitOptions) {
      const sources: WaitSources = {
        // A missed state that follows after a reconnect must not decide: it is no longer current.
        watchTargets: (selection) => watchTargets({ ...selection, resume: false }),
        watchSessions: (selection) => watchSessions({ ...selection, resume: false }),
        queryConnectingSources: (signal) => queryConnectingSources(connection, signal),
        queryKnownSessions: () => queryKnownSessions(queries, clock, waitOptions.session),
        gatewayTime: connection.gatewayTime,
      };
      return waitFor(sources, waitOptions, clock);
    },
    close() {
      connection.close();
      queries.close(new ClientError('CLOSED', 'The client was closed.'));
    },
  };

  function watchTargets({ signal, ...selection }: WatchTargetsOptions = {}): AsyncIterable<TargetsView> {
    return watch(connection, clock, () => createTargetsSource(selection), signal);
  }

  function watchSessions({ signal, ...selection }: WatchSessionsOptions = {}): AsyncIterable<SessionsView> {
    return watch(connection, clock, () => createSessionsSource(selection), signal);
  }
}
