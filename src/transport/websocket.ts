import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ExecutionArgs, GraphQLSchema } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type Server } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../clock.js';
import type { Context } from '../graphql/context.js';
import { maskResult } from '../graphql/mask.js';
import { executeOperation, prepareOperation } from '../graphql/operation.js';
import type { Live } from '../live/live.js';
import type { Outlet } from '../live/pushed-reader.js';
import type { Turn } from '../live/turn.js';
import type { Log } from '../log.js';
import { DEFAULT_UNSENT_MARK } from './frame-writer.js';
import { keepAlive } from './keep-alive.js';
import { silentStream } from './silent-stream.js';
import { createSocketOutlets, DEFAULT_STUCK_MS, type SocketOutlets } from './websocket-outlet.js';

/** The biggest message a client may send, in bytes, as for HTTP. `ws` would take 100 MiB. */
const MAX_MESSAGE = 1_000_000;

/** How long readers are given to say goodbye at a stop, in milliseconds. */
const CLOSE_DEADLINE_MS = 2_000;

/** "Try again later", for a reader that took nothing for too long: graphql-ws clients reconnect after it. */
const TRY_AGAIN_LATER = 1013;

/** What GraphQL over WebSocket is made of. */
export interface GraphQLWebSocketOptions {
  readonly schema: GraphQLSchema;
  readonly live: Live;
  readonly turn: Turn;
  readonly clock: Clock;
  readonly log: Log;
  readonly context: Omit<Context, 'lastEventId'>;
}

/** GraphQL over WebSocket. */
export interface GraphQLWebSocket {
  /** Takes over a connection that asked to be upgraded. */
  upgrade(request: IncomingMessage, head: Buffer): void;
  /** Tells every reader to come back later (close code 1001), and cuts those that do not answer in time. */
  close(): Promise<void>;
}

/**
 * The protocol `graphql-transport-ws`: graphql-ws speaks it, on sockets of `ws`, but for the payloads of subscriptions,
 * which are written as bytes that all readers share.
 */
export function createGraphQLWebSocket(options: GraphQLWebSocketOptions): GraphQLWebSocket {
  const { clock } = options;
  const protocol = createProtocol(options);
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
        serve(socket, request.socket, protocol, options);
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

function createProtocol(options: GraphQLWebSocketOptions): Server<SocketOutlets> {
  const { schema, live, log, context } = options;
  const contextValue: Context = { ...context, lastEventId: null };
  const outlets = new WeakMap<ExecutionArgs, Outlet>();
  return makeServer<undefined, SocketOutlets>({
    onSubscribe({ extra }, id, params) {
      const prepared = prepareOperation(schema, params, contextValue);
      if ('document' in prepared) outlets.set(prepared, extra.open(id));
      return prepared;
    },
    execute: async (args) => maskResult(await executeOperation(args), log),
    async subscribe(args) {
      const outlet = outlets.get(args);
      if (!outlet) throw new Error('Expected a subscription prepared before.');
      const end = await live.push(args, outlet);
      return typeof end === 'function' ? silentStream(end) : end;
    },
  });
}

/** Joins a socket to the protocol, until it closes. */
function serve(
  socket: WebSocket,
  connection: Socket,
  protocol: Server<SocketOutlets>,
  { clock, log, turn }: GraphQLWebSocketOptions,
): void {
  const outlets = createSocketOutlets({
    connection,
    turn,
    clock,
    isOpen: () => socket.readyState === socket.OPEN,
    unsentMark: DEFAULT_UNSENT_MARK,
    stuckMs: DEFAULT_STUCK_MS,
    onStuck,
  });
  const stopPings = keepAlive(socket, clock);
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
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
    outlets,
  );
  // `ws` closes the socket itself after an error of the client's making: a broken frame, a message too big.
  socket.on('error', (error) =>
    log('debug', 'a WebSocket client broke the protocol', { error: error.message }),
  );
  let isReleased = false;
  socket.once('close', (code, reason) => {
    stopPings();
    release(code, String(reason));
  });

  function onStuck(): void {
    const reason = `Nothing was read for ${DEFAULT_STUCK_MS / 1_000} s`;
    socket.close(TRY_AGAIN_LATER, reason);
    // The goodbye may never be read: nothing is kept for it.
    release(TRY_AGAIN_LATER, reason);
  }

  function release(code: number, reason: string): void {
    if (isReleased) return;
    isReleased = true;
    outlets.close();
    closed(code, reason).catch((error) => log('error', 'a subscription did not end well', { error }));
  }
}
