import { once } from 'node:events';
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/** What a client sent. */
export interface ClientMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { readonly variables?: Readonly<Record<string, unknown>>; readonly token?: string };
}

/** A server whose every word is the test's, to see what a client makes of it. Ends at the end of its block. */
export interface ScriptedGateway extends AsyncDisposable {
  /** The endpoint over HTTP. */
  readonly url: string;
  /** All that clients sent, in order. */
  readonly received: readonly ClientMessage[];
  /** The WebSockets that are open. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** With which codes clients closed theirs. */
  readonly closes: readonly number[];
}

/** What it says. */
export interface Script {
  /** Answers a message over WebSocket. */
  readonly onMessage?: (message: ClientMessage, socket: WebSocket) => void;
  /** Answers a query over HTTP, or (null) never does. Default: with 404. */
  readonly onQuery?: () => ScriptedResponse | null;
}

/** An answer over HTTP. */
export interface ScriptedResponse {
  readonly status: number;
  readonly body: string;
}

/** Starts one on a free port of this machine. */
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

/** Lets every client in, and says no more. */
export function acknowledge({ type }: ClientMessage, socket: WebSocket): void {
  if (type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }));
}

/** Lets every client in, and answers each subscription with these messages. */
export function answerWith(
  ...payloads: readonly object[]
): (message: ClientMessage, socket: WebSocket) => void {
  return (message, socket) => {
    acknowledge(message, socket);
    if (message.type !== 'subscribe') return;
    for (const payload of payloads) socket.send(JSON.stringify({ id: message.id, ...payload }));
  };
}
