import { mustBeOneLine, mustNotLeak } from '../harness/invariants.js';
import { Violation } from '../harness/violation.js';
import { type Connection, openConnection } from './connection.js';
import { encodeFrame, frameOf, OPCODES, readFrame } from './frames.js';
import { readResponse } from './http-responses.js';

/** A WebSocket on which any bytes can be sent, and that looks at all that comes back. */
export interface WebSocketClient {
  readonly connection: Connection;
  /** The code that the server closed with; null while it has not. */
  readonly closeCode: number | null;
  /**
   * Sends a ping of the WebSocket's own, and waits until it is answered, or the server closes.
   *
   * @param mayWait whether what was sent may have been taken for the beginning of something, of which the ping is a part
   */
  settle(mayWait?: boolean): Promise<void>;
  /** Waits until the server closes. */
  untilClosed(): Promise<void>;
}

/**
 * The codes that a server may close with when a client misbehaves: RFC 6455, section 7.4.1, and
 * graphql-transport-ws. Not among them: that something went wrong inside (1011, 4500), or no code at all (1006).
 */
const CLOSE_CODES: ReadonlySet<number> = new Set([
  1000, 1002, 1003, 1005, 1007, 1008, 1009, 1013, 4400, 4401, 4403, 4406, 4408, 4409, 4429,
]);

/** How long nothing must have come before it is taken that the server waits for more, in milliseconds. */
const WAIT_MS = 25;

/** What a server sends by graphql-transport-ws. */
const MESSAGE_TYPES: ReadonlySet<unknown> = new Set([
  'connection_ack',
  'ping',
  'pong',
  'next',
  'error',
  'complete',
]);

/** Opens a WebSocket that speaks graphql-transport-ws. */
export async function openWebSocket(port: number, options: FollowOptions = {}): Promise<WebSocketClient> {
  const connection = await openConnection(port);
  await connection.send(Buffer.from(handshakeFor(port)));
  await upgrade(connection);
  return followWebSocket(connection, options);
}

/** What asks for it. */
export function handshakeFor(port: number): string {
  return [
    'GET /graphql HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    '\r\n',
  ].join('\r\n');
}

async function upgrade(connection: Connection): Promise<void> {
  const isEnough = (received: Buffer) =>
    readResponse(received, { mayBeHead: false, isClosed: connection.isClosed }) !== null;
  await connection.until(isEnough);
  const response = readResponse(connection.received, { mayBeHead: false, isClosed: true });
  if (response?.status !== 101)
    throw new Violation('a right handshake is refused', connection.received.toString('latin1'));
  connection.take(response.length);
}

/** How a WebSocket is followed. */
export interface FollowOptions {
  /** Whether the client may send close frames, whose code the server gives back. Default: false. */
  readonly mayClose?: boolean;
}

/** Follows a connection that has been upgraded. */
export function followWebSocket(
  connection: Connection,
  { mayClose = false }: FollowOptions = {},
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
      await connection.send(encodeFrame(frameOf(OPCODES.ping, Buffer.from(mark))));
      const how = await connection.until(
        () => {
          readAll(mark);
          return pongs === pings || closeCode !== null;
        },
        ...(mayWait ? [WAIT_MS] : []),
      );
      if (how === 'quiet' && !mayWait) throw new Violation('a WebSocket neither answers nor closes');
      if (how === 'closed') mustBeClosed();
    },
    async untilClosed() {
      const how = await connection.until(() => {
        readAll('');
        return closeCode !== null;
      });
      if (how === 'quiet') throw new Violation('a WebSocket that is to be closed stays open');
      if (how === 'closed') mustBeClosed();
    },
  };

  function mustBeClosed(): void {
    readAll('');
    if (closeCode === null) throw new Violation('a WebSocket was cut without a close frame');
  }

  /** Reads all frames that came. After the server's close nothing may follow (RFC 6455, section 5.5.1). */
  function readAll(mark: string): void {
    for (let frame = next(); frame; frame = next()) {
      if (closeCode !== null) throw new Violation('a frame follows the close frame', frame.opcode);
      if (frame.opcode === OPCODES.close) closeCode = readClose(frame.payload, mayClose);
      else if (frame.opcode === OPCODES.pong) pongs += frame.payload.toString() === mark ? 1 : 0;
      else if (frame.opcode === OPCODES.text) readMessage(frame.payload.toString());
      else if (frame.opcode !== OPCODES.ping) throw new Violation('an unexpected frame', frame.opcode);
    }
  }

  function next() {
    const frame = readFrame(connection.received);
    if (frame) connection.take(frame.length);
    return frame;
  }
}

function readClose(payload: Buffer, isEcho: boolean): number {
  if (payload.length === 0) return 1005;
  if (payload.length < 2) throw new Violation('a close frame with half a code');
  const code = payload.readUInt16BE(0);
  const reason = payload.toString('utf8', 2);
  if (!CLOSE_CODES.has(code) && !isEcho) throw new Violation(`closed with ${code}`, reason);
  if (reason !== '') mustBeOneLine(reason, 'the reason of a close');
  return code;
}

function readMessage(text: string): void {
  const message: { readonly type?: unknown; readonly id?: unknown; readonly payload?: unknown } =
    JSON.parse(text);
  if (!MESSAGE_TYPES.has(message.type)) throw new Violation('a message of no known type', text);
  if (message.type === 'error') mustNotLeak(JSON.stringify(message.payload), 'an error over WebSocket');
  if (message.type === 'next') mustBeResult(message.payload);
}

/** Looks at a result of GraphQL: what its errors say is for clients. */
export function mustBeResult(result: unknown): void {
  if (typeof result !== 'object' || result === null || !('data' in result || 'errors' in result))
    throw new Violation('a result has neither data nor errors', result);
  if (!('errors' in result)) return;
  if (!Array.isArray(result.errors) || result.errors.length === 0)
    throw new Violation('a result has errors that are none', result);
  for (const error of result.errors) mustNotLeak(JSON.stringify(error), 'an error');
}
