import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { GraphQLSchema } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type Server } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../clock.js';
import type { Context } from '../graphql/context.js';
import { maskResult } from '../graphql/mask.js';
import { executeOperation, prepareOperation } from '../graphql/operation.js';
import { subscribe } from '../live/subscribe.js';
import type { Log } from '../log.js';
import { keepAlive } from './keep-alive.js';

/** The biggest message a client may send, in bytes, as for HTTP. `ws` would take 100 MiB. */
const MAX_MESSAGE = 1_000_000;

/** How long readers are given to say goodbye at a stop, in milliseconds. */
const CLOSE_DEADLINE_MS = 2_000;

/** What GraphQL over WebSocket is made of. */
export interface GraphQLWebSocketOptions {
  readonly schema: GraphQLSchema;
  readonly clock: Clock;
  readonly log: Log;
  readonly context: Omit<Context, 'lastEventId'>;
}

/** GraphQL over WebSocket. */
export interface GraphQLWebSocket {
  /** Takes over a connection that asked to be upgraded. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells every reader to come back later (close code 1001), and cuts those that do not answer in time. */
  close(): Promise<void>;
}

/** The protocol `graphql-transport-ws`: graphql-ws speaks it, on sockets of `ws`. */
export function createGraphQLWebSocket(options: GraphQLWebSocketOptions): GraphQLWebSocket {
  const { clock, log } = options;
  const protocol = createProtocol(options);
  // Compression would cost more CPU than everything else, for readers that mostly sit on the same machine.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    perMessageDeflate: false,
    handleProtocols,
  });
  return {
    upgrade(request, socket, head) {
      sockets.handleUpgrade(request, socket, head, (client) => serve(client, protocol, clock, log));
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

function createProtocol({ schema, context, log }: GraphQLWebSocketOptions): Server {
  const contextValue: Context = { ...context, lastEventId: null };
  return makeServer({
    onSubscribe: (_, __, params) => prepareOperation(schema, params, contextValue),
    execute: async (args) => maskResult(await executeOperation(args), log),
    subscribe: (args) => subscribe(args, log),
  });
}

/** Joins a socket to the protocol, until it closes. */
function serve(socket: WebSocket, protocol: Server, clock: Clock, log: Log): void {
  const stopPings = keepAlive(socket, clock);
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      // Waits until the bytes have left the process: so does the subscription that gave them (S5).
      send: (message) => new Promise((resolve) => socket.send(message, () => resolve())),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) => {
        socket.on('message', (bytes) => {
          handle(String(bytes)).catch((error) => {
            log('error', 'a WebSocket message could not be handled', { error });
            socket.close(CloseCode.InternalServerError, 'Internal server error');
          });
        });
      },
    },
    undefined,
  );
  // `ws` closes the socket itself after an error of the client's making: a broken frame, a message too big.
  socket.on('error', (error) =>
    log('debug', 'a WebSocket client broke the protocol', { error: error.message }),
  );
  socket.once('close', (code, reason) => {
    stopPings();
    closed(code, String(reason)).catch((error) => log('error', 'a subscription did not end well', { error }));
  });
}
