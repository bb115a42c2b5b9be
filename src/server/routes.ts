import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isOn, withFields } from '../lib/log.js';
import type { Metrics } from '../lib/metrics.js';
import type { Tracer } from '../lib/tracing.js';
import type { Store } from '../store/store.js';
import { createDoor, type DoorOptions, type HostRule } from './access/door.js';
import type { Refusal } from './access/guard.js';
import { peerOf } from './access/peer.js';
import { isPageVisit, refuse, refuseUpgrade, wantsPage } from './access/refuse.js';
import { sendSignInPage } from './access/sign-in.js';
import { createClientLimits, type ExcessOf } from './access/socket-limits.js';
import { createDashboard } from './dashboard.js';
import { createGraphiQLPage } from './graphiql.js';
import { createGraphQLHttp, type GraphQLHttpOptions } from './http/graphql-http.js';
import type { Limits } from './limits.js';
import { logAccess, pathOf, queryOf, REQUEST_ID_HEADER, requestIdOf, toOriginForm } from './request.js';
import { createGraphQLWebSocket, type GraphQLWebSocketOptions } from './websocket/websocket.js';

/** The path of the endpoint: GraphQL over HTTP, server-sent events and WebSocket, and GraphiQL for browsers. */
export const GRAPHQL_PATH = '/graphql';

/** The same, relative to the home page. */
const GOAL = GRAPHQL_PATH.slice(1);

/** What is served, and to whom. */
export interface RoutesOptions
  extends Omit<GraphQLHttpOptions, 'path'>,
    Omit<GraphQLWebSocketOptions, 'path'>,
    DoorOptions {
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** The page `/metrics`. */
  readonly prometheus: { serve(response: ServerResponse): Promise<void> };
  /** Numbers from 0 up to 1, for the ids of requests. */
  readonly random: () => number;
  readonly store: Pick<Store, 'ready' | 'sources'>;
  /** What every path begins with, such as `/tilt`; empty for nothing. */
  readonly pathPrefix: string;
  /** Whether browsers get GraphiQL. */
  readonly graphiql: boolean;
  /** Whether the dashboard is served. */
  readonly dashboard: boolean;
}

/** What the gateway answers, on whichever server a request came. */
export interface Routes {
  /** Whether a request is to one of the gateway's paths. */
  isOurs(request: IncomingMessage): boolean;
  /** Answers a request; 404 to any other path. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Takes over a connection that is to become a WebSocket, which is refused at any path but the endpoint. Other upgrades have
   * to be ignored by the server (`http/ignored-upgrade.ts`).
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells WebSocket readers to come back later. Harmless when called twice. */
  close(): Promise<void>;
}

/**
 * Everything the gateway serves.
 *
 * @param excessOf why a connection is refused; null where it is within the limits
 */
export function createRoutes(options: RoutesOptions, excessOf: ExcessOf): Routes {
  const { store, log, clock, random, pathPrefix } = options;
  const endpoint = pathPrefix + GRAPHQL_PATH;
  const door = createDoor(options, excessOf, createClientLimits(options.limits.socketsPerAddress));
  const graphql = createGraphQLHttp({ ...options, path: endpoint });
  const webSocket = createGraphQLWebSocket(options);
  const graphiql = options.graphiql ? createGraphiQLPage() : null;
  const dashboard = options.dashboard ? createDashboard() : null;
  const home = `${pathPrefix}/`;
  const assets = `${pathPrefix}/assets/`;
  const signInPath = `${pathPrefix}/sign-in`;
  /** Where a sign-in may go on to, relative to its own address. */
  const goals: readonly [string, ...string[]] = [dashboard ? './' : GOAL, GOAL, 'metrics'];
  const pages = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>([
    [pathPrefix, redirectIntoPrefix],
    [home, (request, response) => serveFile('index.html', request, response, () => redirect(response, GOAL))],
    [`${pathPrefix}/metrics`, serveMetrics],
    [`${pathPrefix}/healthz`, (_, response) => answer(response, 200, 'ok')],
    [`${pathPrefix}/readyz`, (_, response) => answerReadiness(response)],
  ]);
  // Where no token is asked for the path is free for others, such as the application that embeds the gateway.
  if (!options.access.isOpen) pages.set(signInPath, serveSignIn);
  const hostRules = new Map<string, HostRule>([
    [`${pathPrefix}/metrics`, 'any with a token'],
    [`${pathPrefix}/healthz`, 'any'],
    [`${pathPrefix}/readyz`, 'any'],
  ]);
  /** Pages that a link with a token opens. */
  const linked = new Set([home, endpoint, `${pathPrefix}/metrics`]);

  return {
    isOurs(request) {
      const path = pathOf(request);
      return path === endpoint || pages.has(path) || path.startsWith(assets);
    },
    handle(request, response) {
      const requestId = requestIdOf(request.headers, random);
      request.headers[REQUEST_ID_HEADER] = requestId;
      toOriginForm(request);
      if (isOn(log, 'debug')) {
        const { address: client } = peerOf(request, options.proxies);
        const status = () => response.statusCode;
        logAccess(request, { log: withFields(log, { requestId }), clock, client, response, status });
      }
      const path = pathOf(request);
      if (!door.greet(request, response, hostRules.get(path))) return;
      if (linked.has(path) && door.isLink(request)) {
        door.openByLink(request, response, (refusal) => turnAway(request, response, refusal));
        return;
      }
      if (path === endpoint) {
        serveEndpoint(request, response);
        return;
      }
      response.setHeader(REQUEST_ID_HEADER, requestId);
      const page = pages.get(path) ?? (path.startsWith(assets) ? serveAsset : answerMissing);
      page(request, response);
    },
    upgrade(request, socket, head) {
      // Until `ws` owns the socket, a client that vanishes in the middle must not end the process.
      socket.on('error', destroy);
      const requestId = requestIdOf(request.headers, random);
      request.headers[REQUEST_ID_HEADER] = requestId;
      toOriginForm(request);
      let status = 101;
      if (isOn(log, 'debug')) {
        const { address: client } = peerOf(request, options.proxies);
        const parts = { log: withFields(log, { requestId }), clock, client };
        logAccess(request, { ...parts, response: null, status: () => status });
      }
      if (pathOf(request) === endpoint)
        door.admitUpgrade(request, (tokens) => webSocket.upgrade(request, head, tokens), turnUpgradeAway);
      else turnUpgradeAway(NO_SUCH_PATH);

      function turnUpgradeAway(refusal: Refusal): void {
        status = refusal.status;
        refuseUpgrade(socket, refusal);
      }
    },
    close: () => webSocket.close(),
  };

  function serveEndpoint(request: IncomingMessage, response: ServerResponse): void {
    door.admit(
      request,
      (grant) => {
        if (graphiql && isPageVisit(request)) servePage(request, response);
        else graphql(request, response, grant);
      },
      (refusal) => turnAway(request, response, refusal),
    );
  }

  /** Names sources: for those alone who may see all of them. */
  function serveMetrics(request: IncomingMessage, response: ServerResponse): void {
    door.admit(
      request,
      ({ scope }) => {
        if (scope.instances !== null) refuse(request, response, ONLY_FOR_ALL);
        else options.prometheus.serve(response).catch((error) => fail(response, error));
      },
      (refusal) => turnAway(request, response, refusal),
    );
  }

  function serveSignIn(request: IncomingMessage, response: ServerResponse): void {
    door.signIn(request, response, goals, (refusal, page) => {
      answerRefusal(request, response, refusal, wantsPage(request) ? page : null);
    });
  }

  function turnAway(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    const page = isPageVisit(request) ? pathOf(request).slice(home.length) || './' : null;
    answerRefusal(request, response, refusal, page);
  }

  /**
   * Visitors who lack a valid token are asked for one; programs get an error.
   *
   * @param page what is visited, relative to the home page; null for a program
   */
  function answerRefusal(
    request: IncomingMessage,
    response: ServerResponse,
    refusal: Refusal,
    page: string | null,
  ): void {
    response.setHeader(REQUEST_ID_HEADER, String(request.headers[REQUEST_ID_HEADER]));
    if (refusal.status === 401 && page !== null) {
      sendSignInPage(request, response, { ...refusal, action: 'sign-in', page });
    } else {
      refuse(request, response, refusal);
    }
  }

  /** `/tilt` leads to `/tilt/`: relative, since a proxy may serve it below another prefix. */
  function redirectIntoPrefix(request: IncomingMessage, response: ServerResponse): void {
    const folder = `./${pathPrefix.slice(pathPrefix.lastIndexOf('/') + 1)}/`;
    redirect(response, `${folder}${dashboard ? '' : GOAL}${queryOf(request)}`);
  }

  function fail(response: ServerResponse, error: unknown): void {
    log('error', 'the metrics could not be read', { error });
    response.destroy();
  }

  function servePage(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader(REQUEST_ID_HEADER, String(request.headers[REQUEST_ID_HEADER]));
    graphiql?.serve(request, response).catch((error) => {
      log('error', 'GraphiQL could not be served', { error: String(error) });
      response.destroy();
    });
  }

  function serveAsset(request: IncomingMessage, response: ServerResponse): void {
    const name = pathOf(request).slice(home.length);
    serveFile(name, request, response, () => answerMissing(request, response));
  }

  /** The dashboard's files hold no secret, so they need no token; what the page shows does. */
  function serveFile(
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
    otherwise: () => void,
  ): void {
    const isAsked = request.method === 'GET' || request.method === 'HEAD';
    if (!dashboard || !isAsked) {
      otherwise();
      return;
    }
    dashboard
      .serve(name, request, response)
      .then((isServed) => isServed || otherwise())
      .catch((error) => {
        log('error', 'the dashboard could not be served', { error: String(error) });
        response.destroy();
      });
  }

  function answerMissing(_: IncomingMessage, response: ServerResponse): void {
    answer(response, 404, `Not found. The GraphQL endpoint is ${endpoint}`);
  }

  /** Anyone may ask, so no source is named. */
  function answerReadiness(response: ServerResponse): void {
    const sources = store.sources();
    const waiting = sources.filter(({ state }) => state !== 'live').length;
    if (store.ready) answer(response, 200, 'ok');
    else answer(response, 503, `waiting for the first snapshot of ${waiting} of ${sources.length} sources`);
  }
}

const NO_SUCH_PATH: Refusal = {
  status: 404,
  code: 'NOT_FOUND',
  message: 'There is no WebSocket at this path.',
};

const ONLY_FOR_ALL: Refusal = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'The metrics are for those who may see every instance.',
};

function destroy(this: Duplex): void {
  this.destroy();
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end();
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
