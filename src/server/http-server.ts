import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { findOrigin, refuseBroken } from './access/broken-request.js';
import { limitSockets } from './access/socket-limits.js';
import { ignoreUpgrade, isWebSocketUpgrade } from './http/ignored-upgrade.js';
import { createUnderWay } from './http/under-way.js';
import { cutUnread } from './http/unread.js';
import { createRoutes, type Routes, type RoutesOptions } from './routes.js';
import type { KeyPair } from './tls.js';

/** How often Node.js looks for requests that are late, in milliseconds. */
const LATE_CHECK_MS = 1_000;

/** How many free ports are tried until one is free at both loopback addresses. */
const MAX_TRIES = 5;

/** What is served, to whom, and how. */
interface HttpServerOptions extends RoutesOptions {
  /** Null: plain HTTP. */
  readonly tls: KeyPair | null;
}

/** A server that may listen once. */
interface HttpServer {
  /** Begins to listen, for `localhost` on both loopback addresses; resolves with the address. Rejects when it cannot, with `node:net`'s error (`EADDRINUSE`). */
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
    // Node.js rejects one that is longer than that of the whole request.
    headersTimeout: Math.min(limits.headersMs, limits.requestMs),
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: LATE_CHECK_MS,
    keepAliveTimeout: limits.idleMs,
    // Since Node.js 24.9; before, see `ignoreUpgrade`.
    shouldUpgradeCallback: isWebSocketUpgrade,
  };
  /** The event by which a connection reaches `node:http`: with TLS it does so after the handshake. */
  const httpConnection = tls ? 'secureConnection' : 'connection';
  const server = tls
    ? createTlsServer({ ...serverOptions, ...tls, handshakeTimeout: limits.headersMs })
    : createServer(serverOptions);
  cutUnread(server, options.clock, metrics);
  const routes = createRoutes(options, limitSockets(server, limits, proxies));
  /** Connections that end with the answer under way. */
  const closing = new WeakSet<Duplex>();
  const underWay = createUnderWay();

  server.on('request', (request, response) => {
    // What a connection that was cut has sent is still taken apart.
    if (request.socket.destroyed) return;
    if (!response.shouldKeepAlive || request.httpVersion === '1.0') closing.add(request.socket);
    if (underWay.begin(request.socket, response) <= limits.operations) {
      underWay.afterEarlier(request.socket, response, () => routes.handle(request, response));
      return;
    }
    // An answer would have to wait behind those that its client does not wait for.
    metrics.refused('TOO_MANY_OPERATIONS');
    request.socket.destroy();
  });
  server.on('clientError', (error, socket) => {
    refuseBroken(error, socket, {
      isSilent: closing.has(socket) || underWay.isAnswering(socket),
      origin: allowedOriginOf(underWay.next(socket)) ?? findOrigin(error, options.guard),
      metrics,
    });
  });
  server.on('upgrade', (request, socket, head) => {
    if (isWebSocketUpgrade(request)) routes.upgrade(request, socket, head);
    else ignoreUpgrade(request, socket, head, (again) => server.emit(httpConnection, again));
  });
  let beside: TcpServer | null = null;

  return {
    async listen(port, host) {
      if (host !== 'localhost') return listen(server, port, host);
      const [first, second] = LOOPBACKS;
      for (let tries = 1; ; tries += 1) {
        const address = await listen(server, port, first);
        try {
          beside = await listenBeside(server, address.port, second);
          return address;
        } catch (error) {
          await closeServer(server);
          // A free port of one address may be taken at the other.
          if (port !== 0 || tries === MAX_TRIES) throw error;
        }
      }
    },
    routes,
    renewTls: (renewed) => 'setSecureContext' in server && server.setSecureContext(renewed),
    async close() {
      await routes.close();
      beside?.close();
      await closeServer(server);
    },
  };
}

/** The origin that may read an answer which is still to come. */
function allowedOriginOf(response: ServerResponse | null): string | null {
  const origin = response?.getHeader('access-control-allow-origin');
  return typeof origin === 'string' ? origin : null;
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

/** The two addresses of `localhost` (RFC 6761, section 6.3). */
const LOOPBACKS = ['127.0.0.1', '::1'] as const;

/**
 * Also listens on the other loopback address, so that `localhost` reaches the server whichever address a client tries first.
 * Its connections are handed to the server. Null where the machine has no such address; rejects with `node:net`'s error.
 */
function listenBeside(server: TcpServer, port: number, address: string): Promise<TcpServer | null> {
  // As `node:http` sets up its own sockets.
  const beside = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    server.emit('connection', socket),
  );
  beside.maxConnections = server.maxConnections;
  return new Promise((resolve, reject) => {
    beside.once('error', (error: NodeJS.ErrnoException) => {
      if (ABSENT.has(error.code ?? '')) resolve(null);
      else reject(error);
    });
    beside.listen(port, address, () => resolve(beside));
  });
}

/** What a system says of an address that it does not have. */
const ABSENT: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
