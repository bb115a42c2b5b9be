import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { targetChange, wholeSession } from '../data/operations.js';
import { control } from './control.js';
import { listen } from './listen.js';

/** A subscribed reader: its WebSocket and the TCP connection below it. */
export interface RawReader {
  readonly socket: WebSocket;
  readonly connection: Socket;
}

/**
 * Runs a server without GraphQL that implements just enough of the protocol for the load client. All readers
 * share one operation id.
 *
 * @param sendAll sends a `next` message, prepared once per update, to every reader
 */
export function serveRaw(sendAll: (readers: ReadonlySet<RawReader>, message: Buffer) => void): void {
  control(async ({ services }) => {
    const whole = new Set<RawReader>();
    const changes = new Set<RawReader>();
    const server = createServer();
    new WebSocketServer({ server, path: '/graphql' }).on(
      'connection',
      (socket, { socket: connection }: IncomingMessage) => {
        const reader = { socket, connection };
        socket.on('message', (bytes) => {
          const text = String(bytes);
          if (text.includes('"connection_init"')) socket.send('{"type":"connection_ack"}');
          else if (text.includes('targetChanges')) changes.add(reader);
          else whole.add(reader);
        });
      },
    );
    const port = await listen(server);
    return {
      port,
      emit(_stream, n) {
        const at = { services, stream: 0, n };
        if (changes.size > 0) sendAll(changes, readyMessage(targetChange().expected(at)));
        if (whole.size > 0) sendAll(whole, readyMessage(wholeSession.expected(at)));
      },
    };
  });
}

function readyMessage(data: unknown): Buffer {
  const id = '00000000-0000-4000-8000-000000000000';
  return Buffer.from(JSON.stringify({ id, type: 'next', payload: { data } }));
}
