import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy to a local server that can simulate network failures. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Destroys all connections and rejects new ones until `restore`. */
  cut(): void;
  /** Drops everything the server sends, until `cut`. */
  dropResponses(): void;
  /** Accepts connections again. */
  restore(): void;
}

/** Opens a proxy to a local port. */
export async function openTcpProxy(target: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let isCut = false;
  let dropsResponses = false;
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
        if (!(dropsResponses && from === far)) to.write(bytes);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    dropResponses() {
      dropsResponses = true;
    },
    cut() {
      isCut = true;
      dropsResponses = false;
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
