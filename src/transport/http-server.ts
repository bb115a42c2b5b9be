import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { isOn, withFields } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Store } from '../store/store.js';
import type { Tracer } from '../tracing.js';
import { logAccess } from './access-log.js';
import { createDashboard } from './dashboard.js';
import { createDoor, type DoorOptions } from './door.js';
import { createGraphiQLPage } from './graphiql.js';
import { createGraphQLHttp, type GraphQLHttpOptions } from './graphql-http.js';
import type { Refusal } from './guard.js';
import type { Limits } from './limits.js';
import { isPageVisit, refuse, refuseBroken, refuseUpgrade } from './refuse.js';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.js';
import type { KeyPair } from './tls.js';
import { createUnderWay } from './under-way.js';
import { createGraphQLWebSocket, type GraphQLWebSocketOptions } from './websocket.js';

/** The path of the endpoint: GraphQL over HTTP, server-sent events and WebSocket, and GraphiQL for browsers. */
export const GRAPHQL_PATH = '/graphql';

/** How often Node.js looks for requests that are late, in milliseconds. */
const LATE_CHECK_MS = 1_000;

/** What is served, and to whom. */
export interface HttpServerOptions
  extends Omit<GraphQLHttpOptions, 'path'>,
    Omit<GraphQLWebSocketOptions, 'path'>,
    Omit<DoorOptions, 'limits'> {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** The page `/metrics`. */
  readonly prometheus: { serve(response: ServerResponse): Promise<void> };
  /** Numbers from 0 up to 1, for the ids of requests. */
  readonly random: () => number;
  readonly store: Pick<Store, 'ready' | 'sources'>;
  readonly limits: Limits;
  /** What every path begins with, such as `/tilt`; empty for nothing. */
  readonly pathPrefix: string;
  /** Whether browsers get GraphiQL. */
  readonly graphiql: boolean;
  /** Whether the dashboard is served. */
  readonly dashboard: boolean;
  /** Null: plain HTTP. */
  readonly tls: KeyPair | null;
}

/** A server that may listen once. */
export interface HttpServer {
  /** Begins to listen; resolves with the address. Rejects when it cannot, with `node:net`'s error (`EADDRINUSE`). */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** Uses another certificate from now on. */
  renewTls(tls: KeyPair): void;
  /** Tells WebSocket readers to come back later, then closes the port and cuts what is left. Harmless when called twice. */
  close(): Promise<void>;
}

/** Everything the gateway serves, on one port. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { store, limits, log, clock, metrics, random, pathPrefix, tls } = options;
  const endpoint = pathPrefix + GRAPHQL_PATH;
  const serverOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: LATE_CHECK_MS,
  };
  const server = tls ? createTlsServer({ ...serverOptions, ...tls }) : createServer(serverOptions);
  const door = createDoor(server, options);
  const graphql = createGraphQLHttp({ ...options, path: endpoint });
  const webSocket = createGraphQLWebSocket(options);
  const graphiql = options.graphiql ? createGraphiQLPage(endpoint) : null;
  const dashboard = options.dashboard ? createDashboard() : null;

  /** Connections that end with the answer under way. */
  const closing = new WeakSet<Duplex>();
  const underWay = createUnderWay();

  server.on('request', (request, response) => {
    if (!response.shouldKeepAlive || request.httpVersion === '1.0') closing.add(request.socket);
    if (underWay.begin(request.socket, response) > limits.operations) {
      // An answer would have to wait behind those that its client does not wait for.
      metrics.refused('TOO_MANY_OPERATIONS');
      request.socket.destroy();
      return;
    }
    const requestId = requestIdOf(request.headers, random);
    request.headers[REQUEST_ID_HEADER] = requestId;
    if (isOn(log, 'debug')) logAccess(withFields(log, { requestId }), clock, request, response);
    if (!door.greet(request, response)) return;
    const path = pathOf(request);
    if (path === endpoint) {
      serveEndpoint(request, response);
      return;
    }
    response.setHeader(REQUEST_ID_HEADER, requestId);
    if (path === `${pathPrefix}/metrics`) serveMetrics(request, response);
    else routeOther(path, request, response);
  });
  server.on('clientError', (error, socket) => {
    refuseBroken(error, socket, closing.has(socket) || underWay.isAnswering(socket), metrics);
  });
  server.on('upgrade', (request, socket, head) => {
    // Until `ws` owns the socket, a client that vanishes in the middle must not end the process.
    socket.on('error', destroy);
    request.headers[REQUEST_ID_HEADER] = requestIdOf(request.headers, random);
    if (pathOf(request) !== endpoint) {
      refuseUpgrade(socket, NO_SUCH_PATH);
      return;
    }
    door.admitUpgrade(
      request,
      (grant) => webSocket.upgrade(request, head, grant),
      (refusal) => refuseUpgrade(socket, refusal),
    );
  });

  return {
    listen: (port, host) => listen(server, port, host),
    renewTls: (renewed) => 'setSecureContext' in server && server.setSecureContext(renewed),
    async close() {
      await webSocket.close();
      await closeServer(server);
    },
  };

  function serveEndpoint(request: IncomingMessage, response: ServerResponse): void {
    door.admit(
      request,
      (grant) => {
        if (graphiql && isPageVisit(request)) servePage(request, response);
        else graphql(request, response, grant);
      },
      (refusal) => refuse(request, response, refusal),
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
      (refusal) => refuse(request, response, refusal),
    );
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

  function routeOther(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (path === pathPrefix)
      redirect(response, `${dashboard ? `${pathPrefix}/` : endpoint}${queryOf(request)}`);
    else if (path === `${pathPrefix}/`)
      serveFile('index.html', request, response, () => redirect(response, endpoint));
    else if (path === `${pathPrefix}/healthz`) answer(response, 200, 'ok');
    else if (path === `${pathPrefix}/readyz`) answerReadiness(response);
    else if (path.startsWith(`${pathPrefix}/assets/`))
      serveFile(path.slice(pathPrefix.length + 1), request, response, () => answerMissing(response));
    else answerMissing(response);
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

  function answerMissing(response: ServerResponse): void {
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

function listen(server: Server | TlsServer, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('Expected a TCP address.'));
      else resolve(address);
    });
  });
}

function closeServer(server: Server | TlsServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function destroy(this: Duplex): void {
  this.destroy();
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function queryOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? '' : url.slice(query);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end();
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
