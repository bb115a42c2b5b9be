import { ClientError } from './client-error.js';
import { endpointsOf, type Token } from './endpoint.js';
import {
  SessionByIdDocument,
  type SessionFields,
  type SessionFilter,
  type Sessions,
  SessionsDocument,
} from './generated.js';
import { type ClientInternals, systemInternals } from './internals.js';
import { describeKnown } from './known-sessions.js';
import { createLink } from './link.js';
import { createQueries } from './queries.js';
import type { TypedDocument } from './typed-document.js';
import {
  type SessionsView,
  type SessionView,
  type TargetSelection,
  type TargetsView,
  viewsOfSession,
  viewsOfSessions,
  viewsOfTargets,
} from './views.js';
import { type WaitSources, waitFor } from './wait-for.js';
import type { WaitOptions, WaitOutcome } from './wait-options.js';
import { subscribe, watch } from './watch.js';

/** Which gateway a client asks, and as whom. */
export interface ClientOptions {
  /** Address of the endpoint, `http(s)://host:port[/prefix]/graphql`; without a path, `/graphql` is meant. Default: `http://127.0.0.1:4000/graphql`. */
  readonly url?: string;
  /** Several gateways that stand for each other, instead of `url`; the next is tried when one is lost. */
  readonly urls?: readonly string[];
  /** Token, or what gives one anew for each connection and query. Default: none. */
  readonly token?: Token | undefined;
}

/** How a call ends early. */
export interface CallOptions {
  /** Aborts it: a promise rejects with the signal's reason, an iteration ends. */
  readonly signal?: AbortSignal | undefined;
}

/** Which targets to watch. */
export interface WatchTargetsOptions extends CallOptions, TargetSelection {}

/** Which Sessions to watch. */
export interface WatchSessionsOptions extends CallOptions {
  /** Only Sessions that match: one that begins to match is ADDED, one that ceases to is DELETED. Default: all. */
  readonly where?: SessionFilter | undefined;
}

/** A client of one gateway, or of several that stand for each other. Its streams share one WebSocket. */
export interface Client {
  /**
   * Asks one query over HTTP; with several gateways, the next where one cannot be reached. Rejects with a ClientError, and
   * with a TypeError for a document that has no text.
   */
  query<R, V>(document: TypedDocument<R, V> | string, variables?: V, options?: CallOptions): Promise<R>;
  /**
   * Subscribes over the WebSocket, for one connection: throws a ClientError when that is lost or the gateway refuses, ends
   * when the gateway ends it. Up to 1,000 payloads may wait to be taken; with one more it throws (`TOO_SLOW`).
   */
  subscribe<R, V>(
    document: TypedDocument<R, V> | string,
    variables?: V,
    options?: CallOptions,
  ): AsyncIterable<R>;
  /** One Session; null when there is none. Without an id it is the only one. */
  session(id?: string, options?: CallOptions): Promise<SessionFields | null>;
  /** Every Session, by id. */
  sessions(options?: CallOptions): Promise<SessionFields[]>;
  /** The newest state of one Session, for ever. Who reads slowly misses states in between. */
  watchSession(id?: string, options?: CallOptions): AsyncIterable<SessionView>;
  /**
   * The targets of one Session, folded (S3), for ever: after each payload and whenever the link is lost or found. A lost
   * link is resumed where it was (S4), at the next gateway where there are several. Throws a ClientError only when trying
   * again is of no use: the token is not valid, the gateway does not understand what is asked, or more Sessions than one
   * are known and none was named.
   *
   * Up to 64 payloads wait for a consumer that is slow. With one more, all are folded into one, which says in `conflated`
   * of how many updates it is. Breaking out of the loop ends the subscription at once.
   */
  watchTargets(options?: WatchTargetsOptions): AsyncIterable<TargetsView>;
  /** The set of Sessions, folded and resumed as `watchTargets` does. */
  watchSessions(options?: WatchSessionsOptions): AsyncIterable<SessionsView>;
  /**
   * Waits until a condition holds for one run of Tilt; see {@link Condition}. Rejects with a ClientError when watching is of no use, as
   * `watchTargets` throws it, or when the client is closed, and with the signal's reason.
   */
  waitFor(options: WaitOptions): Promise<WaitOutcome>;
  /** Ends every stream and query. Harmless when called twice. What is asked afterwards is refused (`CLOSED`), or ends at once. */
  close(): void;
}

/**
 * Makes a client; it connects when it is first asked for something. Throws a TypeError for an address that is none.
 *
 * @param internals time and randomness; default: the machine's
 */
export function createClient(
  options: ClientOptions = {},
  internals: ClientInternals = systemInternals,
): Client {
  const { clock } = internals;
  const endpoints = endpointsOf(options);
  const link = createLink(endpoints, options.token, internals);
  const queries = createQueries({ endpoints, token: options.token, clock, link });

  return {
    query: queries.query,
    subscribe: (document, variables, { signal } = {}) => subscribe(link, document, variables, signal),
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
    watchSession: (id, { signal } = {}) => watch(link, clock, viewsOfSession(id), signal),
    watchTargets: ({ signal, ...which } = {}) => watch(link, clock, viewsOfTargets(which), signal),
    watchSessions: ({ signal, where } = {}) => watch(link, clock, viewsOfSessions(where), signal),
    waitFor(waitOptions) {
      const sources: WaitSources = {
        watchTargets: ({ session, signal }) => watch(link, clock, viewsOfTargets({ session }), signal),
        watchSessions: ({ signal }) => watch(link, clock, viewsOfSessions(undefined), signal),
        describeKnown: () => describeKnown(queries, clock, waitOptions.session),
        gatewayTime: link.gatewayTime,
      };
      return waitFor(sources, waitOptions, clock);
    },
    close() {
      link.close();
      queries.close(new ClientError('CLOSED', 'The client was closed.'));
    },
  };
}
