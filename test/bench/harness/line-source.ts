import { createServer, type Socket } from 'node:net';
import { listen } from '../servers/listen.js';

/** A plain TCP server that whoever connects is told lines by: where a raw pipe has its bytes from. */
export interface LineSource extends AsyncDisposable {
  readonly port: number;
  /** Resolves when somebody has connected. */
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
    // The other end is killed when it has done its work.
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
