import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server on this machine that can be cut. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Breaks all connections, and takes no more until `mend`. */
  cut(): void;
  /** Lets nothing come back any more of what the server says, until `cut`. */
  dropResponses(): void;
  restore(): void;
}

/** Opens a way to the port. */
export async function openTcpProxy(target: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let isCut = false;
  let isDeaf = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        if (!(isDeaf && from === far)) to.write(bytes);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    dropResponses() {
      isDeaf = true;
    },
    cut() {
      isCut = true;
      isDeaf = false;
      for (const socket of open) socket.destroy();
    },
    restore() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
