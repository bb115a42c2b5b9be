import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { refuseBroken } from './access/refuse.js';
import { limitSockets } from './access/socket-limits.js';
import { createUnderWay } from './http/under-way.js';
import { createRoutes, type Routes, type RoutesOptions } from './routes.js';
import type { KeyPair } from './tls.js';

/** How often Node.js looks for requests that are late, in milliseconds. */
const LATE_CHECK_MS = 1_000;

/** What is served, to whom, and how. */
export interface HttpServerOptions extends RoutesOptions {
  /** Null: plain HTTP. */
  readonly tls: KeyPair | null;
}

/** A server that may listen once. */
export interface HttpServer {
  /** Begins to listen; resolves with the address. Rejects when it cannot, with `node:net`'s error (`EADDRINUSE`). */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** What it answers, for another server to answer it too. */
  readonly routes: Routes;
  /** Uses another certificate from now on. */
  renewTls(tls: KeyPair): void;
  /** Tells WebSocket readers to come back later, then closes the port and cuts what is left. Harmless when called twice. */
  close(): Promise<void>;
}

/** Everything the gateway serves, on one port. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { limits, metrics, tls, proxies } = options;
  const serverOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: LATE_CHECK_MS,
  };
  const server = tls ? createTlsServer({ ...serverOptions, ...tls }) : createServer(serverOptions);
  const routes = createRoutes(options, limitSockets(server, limits, proxies));
  /** Connections that end with the answer under way. */
  const closing = new WeakSet<Duplex>();
  const underWay = createUnderWay();

  server.on('request', (request, response) => {
    if (!response.shouldKeepAlive || request.httpVersion === '1.0') closing.add(request.socket);
    if (underWay.begin(request.socket, response) <= limits.operations) {
      routes.handle(request, response);
      return;
    }
    // An answer would have to wait behind those that its client does not wait for.
    metrics.refused('TOO_MANY_OPERATIONS');
    request.socket.destroy();
  });
  server.on('clientError', (error, socket) => {
    refuseBroken(error, socket, closing.has(socket) || underWay.isAnswering(socket), metrics);
  });
  server.on('upgrade', routes.upgrade);

  return {
    listen: (port, host) => listen(server, port, host),
    routes,
    renewTls: (renewed) => 'setSecureContext' in server && server.setSecureContext(renewed),
    async close() {
      await routes.close();
      await closeServer(server);
    },
  };
}

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
