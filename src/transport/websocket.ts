import type { IncomingMessage } from 'node:http';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import { createHeartbeat } from './heartbeat.js';
import { type ConnectionOptions, WebSocketConnection } from './websocket-connection.js';

/** The biggest message a client may send, in bytes, as for HTTP. `ws` would take 100 MiB. */
const MAX_MESSAGE = 1_000_000;

/** How long readers are given to say goodbye at a stop, in milliseconds. */
const CLOSE_DEADLINE_MS = 2_000;

/** What GraphQL over WebSocket is made of. */
export interface GraphQLWebSocketOptions extends Omit<ConnectionOptions, 'context' | 'heartbeat'> {
  readonly context: Omit<ConnectionOptions['context'], 'lastEventId'>;
}

/** GraphQL over WebSocket. */
export interface GraphQLWebSocket {
  /** Takes over a connection that asked to be upgraded. */
  upgrade(request: IncomingMessage, head: Buffer): void;
  /** Tells every reader to come back later (close code 1001), and cuts those that do not answer in time. */
  close(): Promise<void>;
}

/** GraphQL over WebSocket: each connection is served until it closes. */
export function createGraphQLWebSocket(options: GraphQLWebSocketOptions): GraphQLWebSocket {
  const { clock } = options;
  const shared: ConnectionOptions = {
    ...options,
    context: { ...options.context, lastEventId: null },
    heartbeat: createHeartbeat(clock),
  };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    // Compression would cost more CPU than all else, for readers that mostly sit on the same machine. And frames are
    // written past `ws` (see frame-writer.ts), which is only right without.
    perMessageDeflate: false,
    handleProtocols,
  });
  return {
    upgrade(request, head) {
      sockets.handleUpgrade(request, request.socket, head, (socket) => {
        new WebSocketConnection(socket, request.socket, shared);
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
