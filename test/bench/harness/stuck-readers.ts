import { once } from 'node:events';
import { WebSocket } from 'ws';

const QUERY = 'subscription { log(last: 1000) { reset dropped lines { level text } } }';

/** Opens readers of a log that never read their socket after they have subscribed. */
export async function openStuckReaders(port: number, count: number): Promise<AsyncDisposable> {
  const sockets = await Promise.all(Array.from({ length: count }, () => openReader(port)));
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

async function openReader(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  socket.pause();
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: QUERY } }));
  return socket;
}
