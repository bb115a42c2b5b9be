import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isOn, withFields } from '../lib/log.js';
import type { Metrics } from '../lib/metrics.js';
import type { Tracer } from '../lib/tracing.js';
import type { Grant } from './access/access.js';
import type { Rejection } from './access/allow-list.js';
import { resolvePeer } from './access/peer.js';
import { isPageVisit, reject, rejectUpgrade, wantsPage } from './access/reject.js';
import {
  createRequestGuard,
  type HostRule,
  type RequestGuard,
  type RequestGuardOptions,
} from './access/request-guard.js';
import { type CookieSignIn, createCookieSignIn, sendSignInPage } from './access/sign-in.js';
import { createClientLimits, type OverLimit } from './access/socket-limits.js';
import { closeAtTinyChunks } from './http/body.js';
import { createGraphQLHttp, type GraphQLHttpOptions } from './http/graphql-http.js';
import { createOpenStreams, type OpenStreams } from './http/open-streams.js';
import type { Limits } from './limits.js';
import { createPages, GRAPHQL_PAGE, GRAPHQL_PATH, type PagesOptions, type ServePage } from './pages.js';
import { assignRequestId, logAccess, pathOf, REQUEST_ID_HEADER, toOriginForm } from './request.js';
import { createGraphQLWebSocket, type GraphQLWebSocketOptions } from './websocket/websocket.js';

/** Settings of everything that the gateway serves. */
export interface RoutesOptions
  extends Omit<GraphQLHttpOptions, 'path' | 'streams'>,
    GraphQLWebSocketOptions,
    PagesOptions,
    RequestGuardOptions {
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** Returns numbers from 0 up to 1, for the ids of requests. */
  readonly random: () => number;
}

/** Request handlers of the gateway, for any server. */
export interface Routes {
  /** Whether a request is to a path of the gateway. */
  isOurs(request: IncomingMessage): boolean;
  /** Answers a request; 404 for an unknown path, and 503 after `close`. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Takes over the socket of a WebSocket handshake, which is rejected at any path but the endpoint. The
   * server must ignore all other upgrades (`http/ignored-upgrade.ts`).
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /**
   * Closes all WebSockets with code 1001, ends all event streams, and rejects further requests and
   * handshakes. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Creates the handlers of everything that the gateway serves.
 *
 * @param overLimit returns the rejection of a connection above the limits, or null
 */
export function createRoutes(options: RoutesOptions, overLimit: OverLimit): Routes {
  const { log, clock, metrics, random, pathPrefix } = options;
  const endpoint = pathPrefix + GRAPHQL_PATH;
  const guard = createRequestGuard(options, overLimit, createClientLimits(options.limits.socketsPerAddress));
  const cookieSignIn = createCookieSignIn(guard, options);
  const webSocket = createGraphQLWebSocket(options);
  const rejectRequest = createRejecter(`${pathPrefix}/`);
  const streams = createOpenStreams();
  const table = createRouteTable(options, { guard, cookieSignIn, rejectRequest, streams });
  let isClosed = false;

  return {
    isOurs: (request) => table.find(pathOf(request)) !== undefined,
    handle(request, response) {
      closeAtTinyChunks(request, response, metrics);
      begin(request, response, () => response.statusCode);
      const path = pathOf(request);
      const route = table.find(path) ?? table.notFound;
      if (!guard.preflight(request, response, route.hosts)) return;
      if (isClosed) {
        rejectClosed(request, response);
        return;
      }
      if (route.signsIn && cookieSignIn.isLink(request)) {
        cookieSignIn.byLink(request, response, (rejection) => rejectRequest(request, response, rejection));
        return;
      }
      // A cached answer sends all its headers in one call, which is faster.
      if (path !== endpoint)
        response.setHeader(REQUEST_ID_HEADER, String(request.headers[REQUEST_ID_HEADER]));
      route.serve(request, response);
    },
    upgrade(request, socket, head) {
      // Until `ws` owns the socket, a client that disconnects must not end the process.
      socket.on('error', destroy);
      let status = 101;
      begin(request, null, () => status);
      if (pathOf(request) === endpoint)
        guard.preflightUpgrade(
          request,
          (tokens) => {
            if (isClosed) rejectHandshake(CLOSED);
            else webSocket.upgrade(request, head, tokens);
          },
          rejectHandshake,
        );
      else {
        metrics.rejected(NO_WEB_SOCKET.code);
        rejectHandshake(NO_WEB_SOCKET);
      }

      function rejectHandshake(rejection: Rejection): void {
        status = rejection.status;
        rejectUpgrade(socket, rejection);
      }
    },
    close() {
      isClosed = true;
      streams.close();
      return webSocket.close();
    },
  };

  /** Gives the request its id, and logs it when it ends. */
  function begin(request: IncomingMessage, response: ServerResponse | null, status: () => number): void {
    const requestId = assignRequestId(request.headers, random);
    request.headers[REQUEST_ID_HEADER] = requestId;
    toOriginForm(request);
    if (!isOn(log, 'debug')) return;
    const { address: client } = resolvePeer(request, options.proxies);
    logAccess(request, { log: withFields(log, { requestId }), clock, client, response, status });
  }
}

/** Handling of one path. */
interface Route {
  readonly serve: ServePage;
  /** Default: `allowed`. */
  readonly hosts?: HostRule;
  /** Whether a link with a token to it signs in. Default: false. */
  readonly signsIn?: boolean;
}

/** Handling of all paths. */
interface RouteTable {
  find(path: string): Route | undefined;
  /** The route of every other path. */
  readonly notFound: Route;
}

interface RouteParts {
  readonly guard: RequestGuard;
  readonly cookieSignIn: CookieSignIn;
  readonly rejectRequest: RejectRequest;
  readonly streams: OpenStreams;
}

function createRouteTable(
  options: RoutesOptions,
  { guard, cookieSignIn, rejectRequest, streams }: RouteParts,
): RouteTable {
  const { pathPrefix } = options;
  const endpoint = pathPrefix + GRAPHQL_PATH;
  const pages = createPages(options);
  const graphql = createGraphQLHttp({ ...options, streams, path: endpoint });
  /** Pages that a sign-in can redirect to, relative to its own address. */
  const signInTargets: readonly [string, ...string[]] = [
    options.dashboard ? './' : GRAPHQL_PAGE,
    GRAPHQL_PAGE,
    'metrics',
  ];
  const routes = new Map<string, Route>([
    [pathPrefix, { serve: pages.redirectIntoPrefix }],
    [`${pathPrefix}/`, { serve: pages.home, signsIn: true }],
    [
      endpoint,
      {
        serve: authenticated((request, response, grant) => {
          if (pages.graphiql && isPageVisit(request)) pages.graphiql(request, response);
          else graphql(request, response, grant);
        }),
        signsIn: true,
      },
    ],
    [
      `${pathPrefix}/metrics`,
      { serve: authenticated(pages.metrics), hosts: 'any with a token', signsIn: true },
    ],
    [`${pathPrefix}/healthz`, { serve: pages.health, hosts: 'any' }],
    [`${pathPrefix}/readyz`, { serve: pages.readiness, hosts: 'any' }],
  ]);
  // Without a required token the path stays free for an application that embeds the gateway.
  if (!options.access.isOpen) routes.set(`${pathPrefix}/sign-in`, { serve: serveSignIn });
  const asset: Route = { serve: pages.asset };
  const assets = `${pathPrefix}/assets/`;
  return {
    find: (path) => routes.get(path) ?? (path.startsWith(assets) ? asset : undefined),
    notFound: { serve: pages.notFound },
  };

  function authenticated(
    serve: (request: IncomingMessage, response: ServerResponse, grant: Grant) => void,
  ): ServePage {
    return (request, response) =>
      guard.authenticate(
        request,
        (grant) => serve(request, response, grant),
        (rejection) => rejectRequest(request, response, rejection),
      );
  }

  function serveSignIn(request: IncomingMessage, response: ServerResponse): void {
    cookieSignIn.byForm(request, response, signInTargets, (rejection, page) => {
      rejectWithSignIn(request, response, rejection, wantsPage(request) ? page : null);
    });
  }
}

type RejectRequest = (request: IncomingMessage, response: ServerResponse, rejection: Rejection) => void;

/** @param home path of the home page */
function createRejecter(home: string): RejectRequest {
  return (request, response, rejection) => {
    const page = isPageVisit(request) ? pathOf(request).slice(home.length) || './' : null;
    rejectWithSignIn(request, response, rejection, page);
  };
}

/**
 * Answers a rejected request: with a sign-in form for a page visit without a valid token, otherwise with the
 * error.
 *
 * @param page visited page, relative to the home page; null for a program
 */
function rejectWithSignIn(
  request: IncomingMessage,
  response: ServerResponse,
  rejection: Rejection,
  page: string | null,
): void {
  response.setHeader(REQUEST_ID_HEADER, String(request.headers[REQUEST_ID_HEADER]));
  if (rejection.status === 401 && page !== null)
    sendSignInPage(request, response, { ...rejection, action: 'sign-in', page });
  else reject(request, response, rejection);
}

const NO_WEB_SOCKET: Rejection = {
  status: 404,
  code: 'NOT_FOUND',
  message: 'There is no WebSocket at this path.',
};

/**
 * Rejects a request to a closed gateway. One for an event stream gets no answer: an `EventSource` retries
 * after a network error, and never after a status other than 200 (HTML, "Server-sent events").
 */
function rejectClosed(request: IncomingMessage, response: ServerResponse): void {
  if (/text\/event-stream/i.test(request.headers.accept ?? '')) {
    response.statusCode = CLOSED.status;
    request.socket.destroy();
  } else reject(request, response, CLOSED);
}

/** Not counted: the metrics of a closed gateway cannot be read. */
const CLOSED: Rejection = {
  status: 503,
  code: 'GATEWAY_CLOSED',
  message: 'The gateway is closed. Try again later.',
};

function destroy(this: Duplex): void {
  this.destroy();
}
