import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { limitSockets } from '../../../src/server/access/socket-limits.js';

/** Listens on a free port, and returns a function that connects to it. */
async function listen(server: Server): Promise<() => Promise<Socket>> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return async () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('Expected a TCP address.');
    const accepted = once(server, 'connection');
    const socket = connect(address.port, '127.0.0.1').resume();
    socket.on('error', () => {});
    await accepted;
    return socket;
  };
}

describe('the maximum number of connections', () => {
  it('is that of both loopback addresses together', async () => {
    const server = createServer();
    limitSockets(server, { sockets: 1, socketsPerAddress: 10 }, null);
    server.maxConnections = 2;
    const second = createTcpServer((socket) => server.emit('connection', socket));
    const [open, openSecond] = [await listen(server), await listen(second)];
    const connections = [await open(), await open()];
    await once(await openSecond(), 'close');
    for (const socket of connections) expect(socket.destroyed).toBe(false);
    for (const socket of connections) socket.destroy();
    server.close();
    second.close();
  });
});
