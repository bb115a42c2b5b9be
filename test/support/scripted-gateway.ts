import { once } from 'node:events';
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/** A message from a client. */
export interface ClientMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { readonly variables?: Readonly<Record<string, unknown>>; readonly token?: string };
}

/**
 * A server whose responses the test scripts, to test clients. Closed at the end of its block (`await
 * using`).
 */
export interface ScriptedGateway extends AsyncDisposable {
  /** HTTP endpoint. */
  readonly url: string;
  /** All messages from clients, in order. */
  readonly received: readonly ClientMessage[];
  /** The open WebSockets. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** Close codes sent by clients. */
  readonly closes: readonly number[];
}

/** Responses of a {@link ScriptedGateway}. */
export interface Script {
  /** Handles a WebSocket message. Default: acknowledges the connection. */
  readonly onMessage?: (message: ClientMessage, socket: WebSocket) => void;
  /** Returns the response to an HTTP query, or null to never respond. Default: 404. */
  readonly onQuery?: () => ScriptedResponse | null;
}

/** A scripted HTTP response. */
export interface ScriptedResponse {
  readonly status: number;
  readonly body: string;
}

/** Starts a scripted gateway on a free local port. */
export async function startScriptedGateway({
  onMessage = acknowledge,
  onQuery = () => ({ status: 404, body: 'Not found' }),
}: Script = {}): Promise<ScriptedGateway> {
  const received: ClientMessage[] = [];
  const closes: number[] = [];
  const server = createServer((_, response) => {
    const answer = onQuery();
    if (answer) response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (bytes) => {
      const message: ClientMessage = JSON.parse(String(bytes));
      received.push(message);
      onMessage(message, socket);
    });
    socket.on('close', (code) => closes.push(code));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/graphql`,
    received,
    closes,
    sockets: sockets.clients,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Acknowledges every connection and sends nothing else. */
export function acknowledge({ type }: ClientMessage, socket: WebSocket): void {
  if (type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }));
}

/** Acknowledges every connection and answers each subscription with these messages. */
export function answerWith(
  ...payloads: readonly object[]
): (message: ClientMessage, socket: WebSocket) => void {
  return (message, socket) => {
    acknowledge(message, socket);
    if (message.type !== 'subscribe') return;
    for (const payload of payloads) socket.send(JSON.stringify({ id: message.id, ...payload }));
  };
}
