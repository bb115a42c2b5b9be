import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { findOrigin, rejectMalformed } from './access/reject.js';
import { type LimitedSockets, limitSockets } from './access/socket-limits.js';
import { closeAtTinyChunks } from './http/body.js';
import { ignoreUpgrade, isWebSocketUpgrade } from './http/ignored-upgrade.js';
import { closeUnread, createInFlight } from './http/pending-answers.js';
import { stopParsing } from './http/stop-parsing.js';
import { createRoutes, type Routes, type RoutesOptions } from './routes.js';
import type { KeyPair } from './tls.js';

/** Interval at which Node.js checks for slow requests, in milliseconds. */
const LATE_CHECK_MS = 1_000;

/** Number of free ports that are tried to find one that is free at both loopback addresses. */
const MAX_TRIES = 5;

/** Settings of {@link createHttpServer}. */
interface HttpServerOptions extends RoutesOptions {
  /** Null: plain HTTP. */
  readonly tls: KeyPair | null;
}

/** HTTP server of the gateway, which can listen once. */
interface HttpServer {
  /**
   * Starts to listen; for `localhost`, on both loopback addresses. Resolves with the address. Rejects with
   * the error of `node:net`, such as `EADDRINUSE`.
   */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** Request handlers, for use in another server. */
  readonly routes: Routes;
  /** Replaces the certificate for new connections. */
  renewTls(tls: KeyPair): void;
  /** Closes WebSockets with code 1001, the port, and remaining connections. Idempotent. */
  close(): Promise<void>;
}

/** Creates the server for everything that the gateway serves. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { limits, metrics, tls, proxies } = options;
  const serverOptions = {
    maxHeaderSize: limits.headerBytes,
    // Node.js rejects a value above `requestTimeout`.
    headersTimeout: Math.min(limits.headersMs, limits.requestMs),
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: LATE_CHECK_MS,
    keepAliveTimeout: limits.idleMs,
    // In newer versions of Node.js, such as 22.23 and 24.21. For others see `ignoreUpgrade`.
    shouldUpgradeCallback: isWebSocketUpgrade,
  };
  /** Event that passes a connection to `node:http`: with TLS, after the handshake. */
  const httpConnection = tls ? 'secureConnection' : 'connection';
  const server = tls
    ? createTlsServer({ ...serverOptions, ...tls, handshakeTimeout: limits.headersMs })
    : createServer(serverOptions);
  closeUnread(server, options.clock, metrics);
  const sockets = limitSockets(server, limits, proxies);
  const routes = createRoutes(options, sockets.overLimit);
  /** Connections that close after the current answer. */
  const closing = new WeakSet<Duplex>();
  const inFlight = createInFlight();

  server.on('request', (request, response) => {
    // Node.js still parses what a destroyed connection has sent.
    if (request.socket.destroyed) {
      stopParsing(request.socket);
      return;
    }
    if (!response.shouldKeepAlive || request.httpVersion === '1.0') closing.add(request.socket);
    if (inFlight.begin(request.socket, response) <= limits.operations) {
      // Its body is parsed while it waits for earlier answers.
      closeAtTinyChunks(request, response, metrics);
      inFlight.afterEarlier(request.socket, response, () => routes.handle(request, response));
      return;
    }
    // An answer would be queued behind all others.
    metrics.rejected('TOO_MANY_OPERATIONS');
    request.socket.destroy();
  });
  server.on('clientError', (error, socket) => {
    if (socket.destroyed) return;
    rejectMalformed(error, socket, {
      isSilent: closing.has(socket) || inFlight.isAnswering(socket),
      origin: readAllowedOrigin(inFlight.next(socket)) ?? findOrigin(error, options.guard),
      metrics,
    });
  });
  server.on('upgrade', (request, socket, head) => {
    if (!isWebSocketUpgrade(request)) {
      ignoreUpgrade(request, socket, head, (again) => server.emit(httpConnection, again));
    } else if (inFlight.next(socket) === null) {
      routes.upgrade(request, socket, head);
    } else {
      // Earlier answers would be sent between the frames.
      metrics.rejected('BAD_REQUEST');
      socket.destroy();
    }
  });
  let secondLoopback: TcpServer | null = null;

  return {
    async listen(port, host) {
      if (host !== 'localhost') return listen(server, port, host);
      const [first, second] = LOOPBACKS;
      for (let tries = 1; ; tries += 1) {
        const address = await listen(server, port, first);
        try {
          secondLoopback = await listenOnSecondLoopback(server, address.port, second);
          return address;
        } catch (error) {
          await closeServer(server, sockets);
          // A port that is free at one address can be in use at the other.
          if (port !== 0 || tries === MAX_TRIES) throw error;
        }
      }
    },
    routes,
    renewTls: (renewed) => 'setSecureContext' in server && server.setSecureContext(renewed),
    async close() {
      await routes.close();
      secondLoopback?.close();
      await closeServer(server, sockets);
    },
  };
}

/** Origin that may read a response; otherwise null. */
function readAllowedOrigin(response: ServerResponse | null): string | null {
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

function closeServer(server: Server | TlsServer, sockets: LimitedSockets): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
    // `node:http` does not know connections during their TLS handshake, and would wait for them.
    sockets.destroyAll();
  });
}

/** The two addresses of `localhost` (RFC 6761, section 6.3). */
const LOOPBACKS = ['127.0.0.1', '::1'] as const;

/**
 * Also listens on the second loopback address, so that `localhost` works whichever address a client tries
 * first. Passes its connections to the server. Resolves with null if the machine has no such address; rejects
 * with the error of `node:net`.
 */
function listenOnSecondLoopback(server: TcpServer, port: number, address: string): Promise<TcpServer | null> {
  // The socket options of `node:http`.
  const second = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    server.emit('connection', socket),
  );
  second.maxConnections = server.maxConnections;
  return new Promise((resolve, reject) => {
    second.once('error', (error: NodeJS.ErrnoException) => {
      if (ABSENT.has(error.code ?? '')) resolve(null);
      else reject(error);
    });
    second.listen(port, address, () => resolve(second));
  });
}

/** Error codes for an address that the machine does not have. */
const ABSENT: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
