import type { IncomingMessage } from 'node:http';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { Limits } from '../limits.js';
import { REQUEST_ID_HEADER } from '../request.js';
import { ClientSocket, type ConnectionOptions, WebSocketConnection } from './connection.js';
import { createHeartbeat } from './heartbeat.js';

/** How long readers are given to say goodbye at a stop, in milliseconds. */
const CLOSE_DEADLINE_MS = 2_000;

/** What GraphQL over WebSocket is made of. */
export interface GraphQLWebSocketOptions extends Omit<ConnectionOptions, 'heartbeat'> {
  readonly limits: Limits;
}

/** GraphQL over WebSocket. */
export interface GraphQLWebSocket {
  /**
   * Takes over a connection that asked to be upgraded, by a request whose header `x-request-id` is harmless.
   *
   * @param tokens of the request, not checked yet
   */
  upgrade(request: IncomingMessage, head: Buffer, tokens: readonly string[]): void;
  /** Tells every reader to come back later (close code 1001), and cuts those that do not answer in time. */
  close(): Promise<void>;
}

/** GraphQL over WebSocket: each connection is served until it closes. */
export function createGraphQLWebSocket(options: GraphQLWebSocketOptions): GraphQLWebSocket {
  const { clock, limits } = options;
  const shared: ConnectionOptions = { ...options, heartbeat: createHeartbeat(clock) };
  const sockets = new WebSocketServer({
    noServer: true,
    WebSocket: ClientSocket,
    maxPayload: limits.messageBytes,
    maxFragments: limits.messageFragments,
    // Compression would cost more CPU than all else, for readers that mostly sit on the same machine. And frames are
    // written past `ws` (see frame-writer.ts), which is only right without.
    perMessageDeflate: false,
    handleProtocols,
  });
  options.metrics.registerGauges({
    webSockets: () => sockets.clients.size,
    webSocketUnsentBytes: () => [...sockets.clients].reduce((sum, client) => sum + client.bufferedAmount, 0),
  });
  sockets.on('headers', (headers, request) => headers.push(`${REQUEST_ID_HEADER}: ${idOf(request)}`));
  return {
    upgrade(request, head, tokens) {
      sockets.handleUpgrade(request, request.socket, head, (socket) => {
        new WebSocketConnection(socket, request, tokens, shared);
      });
    },
    async close() {
      const cancel = clock.after(CLOSE_DEADLINE_MS, () => {
        for (const client of sockets.clients) client.terminate();
      });
      for (const client of sockets.clients) client.close(1001, 'Going away');
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
      cancel();
    },
  };
}

function idOf({ headers }: IncomingMessage): string {
  return String(headers[REQUEST_ID_HEADER] ?? '');
}
