import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { GraphQLSchema } from 'graphql';
import type { Clock } from '../clock.js';
import type { Context } from '../graphql/context.js';
import type { Live } from '../live/live.js';
import type { Turn } from '../live/turn.js';
import type { Log } from '../log.js';
import { createGraphiQLPage } from './graphiql.js';
import { createGraphQLHttp } from './graphql-http.js';
import type { QueryCacheLimits } from './query-cache.js';
import { createGraphQLWebSocket } from './websocket.js';

/** The path of the endpoint: GraphQL over HTTP, server-sent events and WebSocket, and GraphiQL for browsers. */
export const GRAPHQL_PATH = '/graphql';

/** What is served, and to whom it is said. */
export interface HttpServerOptions {
  readonly schema: GraphQLSchema;
  readonly context: Omit<Context, 'lastEventId'>;
  readonly live: Live;
  readonly turn: Turn;
  readonly clock: Clock;
  readonly log: Log;
  readonly queryCache: QueryCacheLimits;
}

/** The scope of everyone: all clients may see everything. */
const EVERYONE = '';

/** A server that may listen once. */
export interface HttpServer {
  /** Begins to listen; resolves with the address. Rejects when it cannot, with `node:net`'s error (`EADDRINUSE`). */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** Tells WebSocket readers to come back later, then closes the port and cuts what is left. Harmless when called twice. */
  close(): Promise<void>;
}

/** Everything the gateway serves, on one port. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { context, log } = options;
  const graphql = createGraphQLHttp({ ...options, path: GRAPHQL_PATH });
  const webSocket = createGraphQLWebSocket(options);
  const graphiql = createGraphiQLPage(GRAPHQL_PATH);
  const server = createServer((request, response) => {
    const path = pathOf(request);
    if (path !== GRAPHQL_PATH) routeOther(path, response);
    else if (isPageVisit(request)) servePage(request, response);
    else graphql(request, response, EVERYONE);
  });
  server.on('upgrade', (request, socket, head) => {
    // Until `ws` owns the socket, a client that vanishes in the middle must not end the process.
    socket.on('error', destroy);
    if (pathOf(request) === GRAPHQL_PATH) webSocket.upgrade(request, head);
    else socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });

  return {
    listen: (port, host) => listen(server, port, host),
    async close() {
      await webSocket.close();
      await closeServer(server);
    },
  };

  function servePage(request: IncomingMessage, response: ServerResponse): void {
    graphiql.serve(request, response).catch((error) => {
      log('error', 'GraphiQL could not be served', { error: String(error) });
      response.destroy();
    });
  }

  function routeOther(path: string, response: ServerResponse): void {
    if (path === '/') response.writeHead(302, { location: GRAPHQL_PATH }).end();
    else if (path === '/healthz') answer(response, 200, 'ok');
    else if (path === '/readyz') answerReadiness(response);
    else answer(response, 404, `Not found. The GraphQL endpoint is ${GRAPHQL_PATH}`);
  }

  function answerReadiness(response: ServerResponse): void {
    const waiting = context.store.sources().filter(({ state }) => state !== 'live');
    const names = waiting.map(({ name }) => name).join(', ');
    if (context.store.ready) answer(response, 200, 'ok');
    else answer(response, 503, `waiting for the first snapshot of: ${names}`);
  }
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
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

function closeServer(server: Server): Promise<void> {
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

/** A browser that navigates here wants the page; GraphQL clients ask for JSON or an event stream. */
function isPageVisit({ method, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && headers.accept?.includes('text/html') === true;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
