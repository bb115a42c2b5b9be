import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { headerLength, writeHeader } from '../../../src/server/websocket/frame-writer.js';
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
    const port = await listenForReaders((reader, message) => {
      (message.includes('targetChanges') ? changes : whole).add(reader);
    });
    return {
      port,
      emit(_stream, n) {
        const at = { services, stream: 0, n };
        if (changes.size > 0) sendAll(changes, nextMessage(targetChange().expected(at)));
        if (whole.size > 0) sendAll(whole, nextMessage(wholeSession.expected(at)));
      },
    };
  });
}

/**
 * Accepts WebSockets. Returns the port.
 *
 * @param onSubscribe receives the text of each `subscribe` message
 */
export async function listenForReaders(
  onSubscribe: (reader: RawReader, message: string) => void,
): Promise<number> {
  const server = createServer();
  new WebSocketServer({ server, path: '/graphql' }).on(
    'connection',
    (socket, { socket: connection }: IncomingMessage) => {
      const reader = { socket, connection };
      socket.on('message', (bytes) => {
        const text = String(bytes);
        if (text.includes('"connection_init"')) socket.send('{"type":"connection_ack"}');
        else onSubscribe(reader, text);
      });
    },
  );
  return listen(server);
}

/** Writes a `next` message. */
export function nextMessage(data: unknown): Buffer {
  const id = '00000000-0000-4000-8000-000000000000';
  return Buffer.from(JSON.stringify({ id, type: 'next', payload: { data } }));
}

/** Writes the WebSocket frame of a message. */
export function framed(message: Buffer): Buffer {
  const header = Buffer.alloc(headerLength(message.length));
  writeHeader(header, 0, message.length);
  return Buffer.concat([header, message]);
}
