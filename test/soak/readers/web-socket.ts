import WebSocket from 'ws';
import { type Connect, type Connection, operationVariables, type Result } from './connection.js';

/** A message of the gateway in `graphql-transport-ws`. */
interface ServerMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: Result;
}

/** Connects over a WebSocket with a minimal implementation of the protocol. */
export const connectWebSocket: Connect = (...args) => connect(false, ...args);

/** Connects over a WebSocket whose messages are compressed in both directions. */
export const connectCompressedWebSocket: Connect = (...args) => connect(true, ...args);

function connect(isCompressed: boolean, ...[url, operations, handlers]: Parameters<Connect>): Connection {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', {
    perMessageDeflate: isCompressed && { threshold: 0 },
  });
  let isClosed = false;
  socket.on('open', () => {
    if (isCompressed && socket.extensions === '') handleDisconnect('compression was not negotiated');
    else send({ type: 'connection_init' });
  });
  socket.on('message', (bytes) => {
    if (!isClosed) take(JSON.parse(String(bytes)));
  });
  socket.on('error', ({ message }) => handleDisconnect(message));
  socket.on('close', (code, reason) => handleDisconnect(`closed with ${code} ${reason}`));

  return {
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close(isClean) {
      isClosed = true;
      if (!isClean || socket.readyState !== socket.OPEN) {
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
    else handleDisconnect(`got ${type} ${JSON.stringify(payload ?? '')}`);
  }

  function subscribe(): void {
    handlers.onOpen();
    operations.forEach((operation, index) => {
      const payload = { query: operation.query, variables: operationVariables(operation) };
      send({ type: 'subscribe', id: String(index), payload });
    });
  }

  function send(message: object): void {
    socket.send(JSON.stringify(message));
  }

  function handleDisconnect(why: string): void {
    if (isClosed) return;
    isClosed = true;
    socket.terminate();
    handlers.onDisconnect(why);
  }
}
