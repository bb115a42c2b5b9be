import WebSocket from 'ws';
import { type Connect, type Result, variablesOf } from './connection.js';

/** What the gateway says in `graphql-transport-ws`. */
interface ServerMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: Result;
}

/** Over a WebSocket, with no more than the protocol needs. */
export const connectWebSocket: Connect = (url, operations, handlers) => {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  let hasLeft = false;
  socket.on('open', () => send({ type: 'connection_init' }));
  socket.on('message', (bytes) => {
    if (!hasLeft) take(JSON.parse(String(bytes)));
  });
  socket.on('error', ({ message }) => lose(message));
  socket.on('close', (code, reason) => lose(`closed with ${code} ${reason}`));

  return {
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    leave(politely) {
      hasLeft = true;
      if (!politely || socket.readyState !== socket.OPEN) {
        socket.terminate();
        return;
      }
      socket.resume();
      operations.forEach((_, index) => {
        send({ type: 'complete', id: String(index) });
      });
      socket.close(1000);
    },
  };

  function take({ type, id, payload }: ServerMessage): void {
    if (type === 'connection_ack') subscribe();
    else if (type === 'next') handlers.onResult(Number(id), payload ?? {});
    else lose(`got ${type} ${JSON.stringify(payload ?? '')}`);
  }

  function subscribe(): void {
    handlers.onOpen();
    operations.forEach((operation, index) => {
      const payload = { query: operation.query, variables: variablesOf(operation) };
      send({ type: 'subscribe', id: String(index), payload });
    });
  }

  function send(message: object): void {
    socket.send(JSON.stringify(message));
  }

  function lose(why: string): void {
    if (hasLeft) return;
    hasLeft = true;
    socket.terminate();
    handlers.onLost(why);
  }
};
