import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TestTls } from './tls.js';

/** A server on a random port of 127.0.0.1 that speaks no HTTP but what a test makes it say. */
export interface RawServer extends AsyncDisposable {
  /** `https://127.0.0.1:<port>`, whether it speaks TLS or not. */
  readonly url: string;
}

/** Starts one; with TLS when it is given some. Each connection is ended at the latest when the server is disposed of. */
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
