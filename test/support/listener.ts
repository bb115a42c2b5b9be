import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TestTls } from './tls.js';

/** An HTTP server on a random port of 127.0.0.1 whose connections can be destroyed. */
export interface Listener {
  readonly port: number;
  /** Number of connections accepted so far. */
  readonly connections: number;
  /** Destroys every connection. */
  cut(): void;
  /** Destroys every connection and stops listening. May be called twice. */
  stop(): Promise<void>;
}

/** TLS options of a {@link Listener}. */
export interface ListenOptions {
  /** Null for plain HTTP. */
  readonly tls: TestTls | null;
  /** Whether clients must present a certificate signed by the CA. */
  readonly clientCertificates: boolean;
}

/** Starts listening. Resolves when the server accepts connections. */
export async function listen(
  handler: RequestListener,
  { tls, clientCertificates }: ListenOptions,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  const client = clientCertificates && { requestCert: true, rejectUnauthorized: true };
  const server = tls
    ? createHttpsServer({ ...tls.server, ca: tls.ca, ...client }, handler)
    : createHttpServer(handler);
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Many tests break connections on purpose.
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  let connections = 0;
  let stopped: Promise<void> | undefined;

  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get connections() {
      return connections;
    },
    cut,
    stop() {
      stopped ??= new Promise((resolve) => server.close(() => resolve()));
      cut();
      return stopped;
    },
  };
}
