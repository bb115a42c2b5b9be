import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import { createDecompressor } from '../../lib/decompressor.js';
import type { Compression } from '../compression.js';
import type { Limits } from '../limits.js';
import { REQUEST_ID_HEADER } from '../request.js';
import { ClientSocket, type ConnectionOptions, WebSocketConnection } from './connection.js';
import { createHeartbeat } from './heartbeat.js';

/** Time for clients to answer the close frame at shutdown, in milliseconds. */
const CLOSE_DEADLINE_MS = 2_000;

/**
 * Options of `ws`: each message is compressed on its own. Only so can readers share a message, and neither
 * side has to keep a window per connection.
 */
const DEFLATE_OPTIONS = { serverNoContextTakeover: true, clientNoContextTakeover: true };

/** Dependencies and limits of GraphQL over WebSocket. */
export interface GraphQLWebSocketOptions extends Omit<ConnectionOptions, 'heartbeat'> {
  readonly limits: Limits;
  readonly compression: Compression;
}

/** GraphQL over WebSocket. */
export interface GraphQLWebSocket {
  /**
   * Completes a handshake. The request must have a safe `x-request-id` header.
   *
   * @param tokens tokens of the request, not verified yet
   */
  upgrade(request: IncomingMessage, head: Buffer, tokens: readonly string[]): void;
  /** Closes all connections with code 1001, and terminates those that do not answer within 2 s. */
  close(): Promise<void>;
}

/** Creates the WebSocket server of GraphQL. */
export function createGraphQLWebSocket(options: GraphQLWebSocketOptions): GraphQLWebSocket {
  const { clock, limits, compression } = options;
  const shared: ConnectionOptions = { ...options, heartbeat: createHeartbeat(clock) };
  const decompress = createDecompressor(limits.messageBytes);
  const sockets = new WebSocketServer({
    noServer: true,
    WebSocket: ClientSocket,
    maxPayload: limits.messageBytes,
    maxFragments: limits.messageFragments,
    // Negotiated by `selectExtension`. Messages to clients are compressed once for all readers
    // (subscriptions/deflated.ts).
    perMessageDeflate: DEFLATE_OPTIONS,
    handleProtocols,
  });
  options.metrics.registerGauges({
    webSockets: () => sockets.clients.size,
    webSocketUnsentBytes: () => [...sockets.clients].reduce((sum, client) => sum + client.bufferedAmount, 0),
  });
  sockets.on('headers', (headers, request) => headers.push(`${REQUEST_ID_HEADER}: ${idOf(request)}`));
  return {
    upgrade(request, head, tokens) {
      selectExtension(request.headers, compression.isForStreamsOf(request));
      sockets.handleUpgrade(request, request.socket, head, (socket) => {
        decompress(socket);
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

const EXTENSION = 'permessage-deflate';

/** Longest header that is read, in characters. Browsers send 50. */
const MAX_HEADER = 500;

/**
 * Reduces `Sec-WebSocket-Extensions` to an offer of permessage-deflate (RFC 7692) that the gateway accepts,
 * or removes it. For a header that is malformed or not acceptable, `ws` would reject the handshake with 400.
 *
 * @param isWanted whether this client's messages are compressed
 */
export function selectExtension(headers: IncomingHttpHeaders, isWanted: boolean): void {
  const { 'sec-websocket-extensions': header = '' } = headers;
  const isOffered = header.length <= MAX_HEADER && header.split(',').some(isAcceptable);
  if (isWanted && isOffered) headers['sec-websocket-extensions'] = EXTENSION;
  else delete headers['sec-websocket-extensions'];
}

/** An offer that limits the gateway's window is declined: readers with another window could not share. */
function isAcceptable(offer: string): boolean {
  const [name, ...params] = offer.split(';').map((part) => part.trim().toLowerCase());
  return name === EXTENSION && new Set(params).size === params.length && params.every(isKnownParam);
}

function isKnownParam(param: string): boolean {
  return /^((server|client)_no_context_takeover|client_max_window_bits(="?([89]|1[0-5])"?)?|server_max_window_bits="?15"?)$/.test(
    param,
  );
}
