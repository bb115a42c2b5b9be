import { assertNoLeak, assertOneLine } from '../harness/invariants.js';
import { Violation } from '../harness/violation.js';
import { type Connection, openConnection } from './connection.js';
import { createFrame, encodeFrame, OPCODES, readFrame } from './frames.js';
import { readResponse } from './http-responses.js';

/** A WebSocket that can send any bytes and checks everything received. */
export interface WebSocketClient {
  readonly connection: Connection;
  /** Close code of the server; null while it is open. */
  readonly closeCode: number | null;
  /**
   * Sends a ping frame and waits for the pong, or until the server closes.
   *
   * @param mayWait whether the sent bytes may be the start of something of which the ping becomes a part
   */
  settle(mayWait?: boolean): Promise<void>;
  /** Waits until the server closes. */
  untilClosed(): Promise<void>;
}

/**
 * Close codes that are valid for a client's mistake: RFC 6455, section 7.4.1, and graphql-transport-ws.
 * Internal errors (1011, 4500) and a missing code (1006) are not among them.
 */
const CLOSE_CODES: ReadonlySet<number> = new Set([
  1000, 1002, 1003, 1005, 1007, 1008, 1009, 1013, 4400, 4401, 4403, 4406, 4408, 4409, 4429,
]);

/** Time without received bytes after which the server is assumed to wait for more, in milliseconds. */
const WAIT_MS = 25;

/** Message types that a server sends in graphql-transport-ws. */
const MESSAGE_TYPES: ReadonlySet<unknown> = new Set([
  'connection_ack',
  'ping',
  'pong',
  'next',
  'error',
  'complete',
]);

/** Opens a WebSocket for graphql-transport-ws. */
export async function openWebSocket(port: number, options: FollowOptions = {}): Promise<WebSocketClient> {
  const connection = await openConnection(port);
  await connection.send(Buffer.from(handshakeRequest(port, options.isCompressed ?? false)));
  await upgrade(connection);
  return followWebSocket(connection, options);
}

/** The upgrade request. */
export function handshakeRequest(port: number, isCompressed: boolean): string {
  return [
    'GET /graphql HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    ...(isCompressed ? ['Sec-WebSocket-Extensions: permessage-deflate'] : []),
    '\r\n',
  ].join('\r\n');
}

async function upgrade(connection: Connection): Promise<void> {
  const isEnough = (received: Buffer) =>
    readResponse(received, { mayBeHead: false, isClosed: connection.isClosed }) !== null;
  await connection.until(isEnough);
  const response = readResponse(connection.received, { mayBeHead: false, isClosed: true });
  if (response?.status !== 101)
    throw new Violation('a valid handshake was rejected', connection.received.toString('latin1'));
  connection.take(response.length);
}

/** Options of a WebSocket client. */
export interface FollowOptions {
  /** Whether the client may send close frames, whose code the server echoes. Default: false. */
  readonly mayClose?: boolean;
  /** Whether compression is negotiated. Default: false. */
  readonly isCompressed?: boolean;
}

/** Reads from a connection that was upgraded. */
export function followWebSocket(
  connection: Connection,
  { mayClose = false, isCompressed = false }: FollowOptions = {},
): WebSocketClient {
  let closeCode: number | null = null;
  let pongs = 0;
  let pings = 0;

  return {
    connection,
    get closeCode() {
      return closeCode;
    },
    async settle(mayWait = false) {
      pings += 1;
      const mark = `settle ${pings}`;
      await connection.send(encodeFrame(createFrame(OPCODES.ping, Buffer.from(mark))));
      const how = await connection.until(
        () => {
          readAll(mark);
          return pongs === pings || closeCode !== null;
        },
        ...(mayWait ? [WAIT_MS] : []),
      );
      if (how === 'quiet' && !mayWait) throw new Violation('a WebSocket neither answered nor closed');
      if (how === 'closed') assertClosed();
    },
    async untilClosed() {
      const how = await connection.until(() => {
        readAll('');
        return closeCode !== null;
      });
      if (how === 'quiet') throw new Violation('a WebSocket was not closed');
      if (how === 'closed') assertClosed();
    },
  };

  function assertClosed(): void {
    readAll('');
    if (closeCode === null) throw new Violation('a WebSocket was disconnected without a close frame');
  }

  /** Reads all received frames. Nothing may follow the server's close frame (RFC 6455, section 5.5.1). */
  function readAll(mark: string): void {
    for (let frame = next(); frame; frame = next()) {
      if (closeCode !== null) throw new Violation('a frame after the close frame', frame.opcode);
      if (frame.opcode === OPCODES.close) closeCode = readClose(frame.payload, mayClose);
      else if (frame.opcode === OPCODES.pong) pongs += frame.payload.toString() === mark ? 1 : 0;
      else if (frame.opcode === OPCODES.text) readMessage(frame.payload.toString());
      else if (frame.opcode !== OPCODES.ping) throw new Violation('an unexpected frame', frame.opcode);
    }
  }

  function next() {
    const frame = readFrame(connection.received, isCompressed);
    if (frame) connection.take(frame.length);
    return frame;
  }
}

function readClose(payload: Buffer, isEcho: boolean): number {
  if (payload.length === 0) return 1005;
  if (payload.length < 2) throw new Violation('a close frame with an incomplete code');
  const code = payload.readUInt16BE(0);
  const reason = payload.toString('utf8', 2);
  if (!CLOSE_CODES.has(code) && !isEcho) throw new Violation(`a WebSocket was closed with ${code}`, reason);
  if (reason !== '') assertOneLine(reason, 'a close reason');
  return code;
}

function readMessage(text: string): void {
  const message: { readonly type?: unknown; readonly id?: unknown; readonly payload?: unknown } =
    JSON.parse(text);
  if (!MESSAGE_TYPES.has(message.type)) throw new Violation('a message of unknown type', text);
  if (message.type === 'error') assertNoLeak(JSON.stringify(message.payload), 'an error over WebSocket');
  if (message.type === 'next') assertGraphqlResult(message.payload);
}

/** Asserts that a GraphQL result is valid and its errors leak nothing. */
export function assertGraphqlResult(result: unknown): void {
  if (typeof result !== 'object' || result === null || !('data' in result || 'errors' in result))
    throw new Violation('a result without data and errors', result);
  if (!('errors' in result)) return;
  if (!Array.isArray(result.errors) || result.errors.length === 0)
    throw new Violation('a result with invalid errors', result);
  for (const error of result.errors) assertNoLeak(JSON.stringify(error), 'an error');
}
