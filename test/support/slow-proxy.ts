import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A TCP proxy to a local server with a limited rate of responses, such as a slow link. */
export interface SlowProxy extends AsyncDisposable {
  readonly port: number;
}

/** Bytes that are sent at once. */
const PIECE_BYTES = 2_048;

/** Opens a proxy to a local port. Requests are not delayed. */
export async function openSlowProxy(target: number, bytesPerSecond: number): Promise<SlowProxy> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes) => far.write(bytes));
    sendSlowly(far, near).catch(() => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };

  async function sendSlowly(from: Socket, to: Socket): Promise<void> {
    for await (const bytes of from) {
      for (let start = 0; start < bytes.length && !to.destroyed; start += PIECE_BYTES) {
        const piece = bytes.subarray(start, start + PIECE_BYTES);
        to.write(piece);
        await pause((1_000 * piece.length) / bytesPerSecond);
      }
    }
  }
}
