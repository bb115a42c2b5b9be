import { createServer, type Server } from 'node:net';

/** The two addresses of `localhost` (RFC 6761, section 6.3). */
export const LOOPBACKS = ['127.0.0.1', '::1'] as const;

/**
 * Also listens on the other loopback address, so that `localhost` reaches the server whichever address a client tries first.
 * Its connections are handed to the server. Null where the machine has no such address; rejects with `node:net`'s error.
 */
export function listenBeside(server: Server, port: number, address: string): Promise<Server | null> {
  // As `node:http` sets up its own sockets.
  const beside = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
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
