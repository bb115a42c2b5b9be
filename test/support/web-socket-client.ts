import { once } from 'node:events';
import WebSocket, { type ClientOptions } from 'ws';

/** A `graphql-transport-ws` client that records all messages. */
export interface WebSocketClient {
  readonly socket: WebSocket;
  readonly messages: readonly unknown[];
  send(message: object): void;
  /** Resolves with the close code and reason. */
  readonly closed: Promise<[number, string]>;
}

/** Connects. Rejects with `status body` when the server rejects the upgrade. */
export async function connectWebSocket(url: string, options: ClientOptions = {}): Promise<WebSocketClient> {
  const socket = new WebSocket(url, 'graphql-transport-ws', options);
  const messages: unknown[] = [];
  socket.on('message', (bytes) => messages.push(JSON.parse(String(bytes))));
  const closed = new Promise<[number, string]>((resolve) => {
    socket.on('close', (code, reason) => resolve([code, String(reason)]));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', async (_, response) => {
      const body = await response.toArray();
      reject(new Error(`${response.statusCode} ${Buffer.concat(body)}`));
      socket.terminate();
    });
  });
  return { socket, messages, send: (message) => socket.send(JSON.stringify(message)), closed };
}

/**
 * Connects and sends `connection_init`. Resolves on `connection_ack`; rejects with `code reason` if the
 * server closes.
 */
export async function initWebSocket(
  url: string,
  payload?: Readonly<Record<string, unknown>>,
  options: ClientOptions = {},
): Promise<WebSocketClient> {
  const client = await connectWebSocket(url, options);
  const acknowledged = once(client.socket, 'message');
  client.send({ type: 'connection_init', ...(payload && { payload }) });
  await Promise.race([
    acknowledged,
    client.closed.then(([code, reason]) => Promise.reject(new Error(`${code} ${reason}`))),
  ]);
  return client;
}
