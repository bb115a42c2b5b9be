import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { createHudView, type HudMessage } from './hud-view.js';

/** Options of {@link startTiltHud}. */
export interface TiltHudOptions {
  /**
   * Token that a client must present. Null: no token is required, as in older Tilts. Default: a random token.
   */
  readonly token?: string | null;
  /** Whether `/api/websocket_token` exists. Default: true. */
  readonly hasTokenEndpoint?: boolean;
}

/** A stand-in of the web server of a Tilt, on a random port of 127.0.0.1. */
export interface TiltHud extends AsyncDisposable {
  /** Name of the context of a Tilt with this web port: `tilt-<port>`. */
  readonly context: string;
  /** Token that clients must present; empty if no token is required. Can be set. */
  token: string;
  /** Paths of the requests so far. */
  readonly requests: readonly string[];
  /** Number of open WebSockets. */
  readonly open: number;
  /** Sends a message to all clients. Clients that connect later receive it in their complete view. */
  send(message: HudMessage): void;
  /** Sends a text to all clients, in WebSocket fragments of this length. Default: one fragment. */
  sendText(text: string, fragmentLength?: number): void;
  /** Sends messages to all clients again, as after a checkpoint that was not acknowledged. */
  repeat(message: HudMessage): void;
  /** Bytes that wait for the slowest client. */
  readonly buffered: number;
  /** Forgets what was sent, as a new process. */
  restart(): void;
  /** Destroys all connections, as at the exit of a Tilt. New ones are accepted. */
  cut(): void;
  /** Whether new connections are destroyed at once. Default: false. Can be set. */
  isDown: boolean;
  /** Resolves when everything that was sent has left the process. */
  drained(): Promise<void>;
  /** Resolves when the condition holds, evaluated at each request and when a WebSocket opens or closes. */
  until(condition: () => boolean): Promise<void>;
}

/** Starts the stand-in. It has shown nothing yet; a client that connects then waits for the first message. */
export async function startTiltHud(options: TiltHudOptions = {}): Promise<TiltHud> {
  const { hasTokenEndpoint = true } = options;
  let token = options.token === undefined ? randomUUID() : (options.token ?? '');
  const csrf = randomUUID();
  const requests: string[] = [];
  const checks = new Set<() => void>();
  const connections = new Set<Socket>();
  const clients = new Set<WebSocket>();
  let view = createHudView();
  let isDown = false;
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = createServer(handle);
  server.on('upgrade', upgrade);
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => {});
    if (isDown) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  return {
    context: `tilt-${port}`,
    get token() {
      return token;
    },
    set token(value) {
      token = value;
    },
    requests,
    get open() {
      return clients.size;
    },
    send(message) {
      view.add(message);
      for (const client of clients) client.send(JSON.stringify(message));
    },
    sendText(text, fragmentLength = text.length) {
      for (const client of clients) sendFragments(client, text, fragmentLength);
    },
    repeat(message) {
      for (const client of clients) client.send(JSON.stringify(message));
    },
    get buffered() {
      return Math.max(0, ...[...clients].map(({ bufferedAmount }) => bufferedAmount));
    },
    restart() {
      view = createHudView();
    },
    cut,
    get isDown() {
      return isDown;
    },
    set isDown(value) {
      isDown = value;
    },
    async drained() {
      await Promise.all(
        [...clients].map((client) => new Promise<void>((done) => client.ping('', true, () => done()))),
      );
    },
    until,
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    record(path);
    if (path !== '/api/websocket_token' || !hasTokenEndpoint) answer(response, 404, '404 page not found\n');
    else if (!isAllowed(request)) answer(response, 403, rejection(request));
    else answer(response, 200, csrf);
  }

  function upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const path = pathOf(request);
    record(path);
    const given = new URL(request.url ?? '', 'http://any').searchParams.get('csrf');
    if (path !== '/ws/view' || (hasTokenEndpoint && given !== csrf)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      clients.add(client);
      client.on('close', () => {
        clients.delete(client);
        runChecks();
      });
      client.on('error', () => {});
      const complete = view.complete();
      if (complete !== null) client.send(JSON.stringify(complete));
      runChecks();
    });
  }

  function isAllowed({ headers }: IncomingMessage): boolean {
    return token === '' || headers['x-tilt-token'] === token;
  }

  function record(path: string): void {
    requests.push(path);
    runChecks();
  }

  function cut(): void {
    for (const socket of connections) socket.destroy();
  }

  function until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        checks.delete(check);
        resolve();
      };
      checks.add(check);
      check();
    });
  }

  function runChecks(): void {
    for (const check of checks) check();
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return new URL(url, 'http://any').pathname;
}

function rejection({ headers }: IncomingMessage): string {
  return `${headers['x-tilt-token'] === undefined ? 'missing' : 'invalid'} session token\n`;
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
}

function sendFragments(client: WebSocket, text: string, length: number): void {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += length) {
    client.send(bytes.subarray(start, start + length), {
      binary: false,
      fin: start + length >= bytes.length,
    });
  }
}
