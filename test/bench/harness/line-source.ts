import { createServer, type Socket } from 'node:net';
import { listen } from '../servers/listen.js';

/** A TCP server that sends lines to each connection: the input of a raw pipe. */
export interface LineSource extends AsyncDisposable {
  readonly port: number;
  /** Resolves on the first connection. */
  readonly connected: Promise<void>;
  write(line: Buffer): void;
}

/** Listens on a free port of the loopback address. */
export async function openLineSource(): Promise<LineSource> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true });
  const connected = new Promise<void>((resolve) => server.once('connection', () => resolve()));
  server.on('connection', (socket) => {
    sockets.add(socket);
    // The peer is killed when its measurement ends.
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server);
  return {
    port,
    connected,
    write(line) {
      for (const socket of sockets) socket.write(line);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
