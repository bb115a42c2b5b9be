import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { type Clock, sleep } from '../clock.js';
import type { Context } from '../graphql/context.js';
import { maskResult } from '../graphql/mask.js';
import { executeOperation, prepareOperation } from '../graphql/operation.js';
import { subscribe } from '../live/subscribe.js';
import type { Log } from '../log.js';

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

/** The protocol `graphql-transport-ws`, by graphql-ws on `ws`. */
export function createGraphQLWebSocket(options: GraphQLWebSocketOptions): GraphQLWebSocket {
  const { schema, clock, log } = options;
  const context: Context = { ...options.context, lastEventId: null };
  // Compression would cost more CPU than everything else, for readers that mostly sit on the same machine.
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE, perMessageDeflate: false });
  const graphql = useServer(
    {
      onSubscribe: (_, __, params) => prepareOperation(schema, params, context),
      execute: async (args) => maskResult(await executeOperation(args), log),
      subscribe: (args) => subscribe(args, log),
    },
    server,
  );
  return {
    upgrade(request, socket, head) {
      server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request));
    },
    async close() {
      const done = new AbortController();
      void sleep(clock, CLOSE_DEADLINE_MS, done.signal).then(() => {
        for (const client of server.clients) client.terminate();
      });
      await graphql.dispose();
      done.abort();
    },
  };
}
