import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TestTls } from './tls.js';

/** A TCP or TLS server on a random port of 127.0.0.1 that sends only what the test writes. */
export interface RawServer extends AsyncDisposable {
  /** `https://127.0.0.1:<port>`, also without TLS. */
  readonly url: string;
}

/** Starts a server, with TLS if `tls` is given. Disposal destroys the remaining connections. */
export async function startRawServer(
  onConnection: (socket: Socket) => void,
  tls: TestTls | null = null,
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const server = createServerFor(tls, onConnection);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function createServerFor(tls: TestTls | null, onConnection: (socket: Socket) => void): Server {
  if (tls === null) return createServer(onConnection);
  return createTlsServer(tls.server, (socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
}
