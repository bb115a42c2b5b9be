/** Header of a frame that a server sent. */
export interface FrameHead {
  readonly opcode: number;
  /** Whether the message is compressed (RFC 7692). Other protocols: absent. */
  readonly isDeflated?: boolean;
  /** Size of the header and of the payload after it. */
  readonly headBytes: number;
  readonly payloadBytes: number;
}

/** Opcodes of RFC 6455. */
export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
const PONG = 10;

/** Reads a frame's header at `from`. Returns null if it is incomplete. Servers do not mask frames. */
export function readHead(bytes: Buffer, from: number, to: number): FrameHead | null {
  if (to - from < 2) return null;
  const first = bytes.readUInt8(from);
  const opcode = first & 0x0f;
  const isDeflated = (first & 0x40) !== 0;
  const length = bytes.readUInt8(from + 1);
  if (length < 126) return { opcode, isDeflated, headBytes: 2, payloadBytes: length };
  const headBytes = length === 126 ? 4 : 10;
  if (to - from < headBytes) return null;
  const payloadBytes =
    length === 126 ? bytes.readUInt16BE(from + 2) : Number(bytes.readBigUInt64BE(from + 2));
  return { opcode, isDeflated, headBytes, payloadBytes };
}

/** Encodes a text message. */
export function textFrame(text: string): Buffer {
  return maskedFrame(TEXT, Buffer.from(text));
}

/** Encodes the answer to a ping. */
export function pongFrame(payload: Buffer): Buffer {
  return maskedFrame(PONG, payload);
}

/** Encodes a client frame. The mask is four zeros, which is valid and leaves the bytes unchanged. */
function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + lengthBytes + 4);
  head.writeUInt8(0x80 | opcode, 0);
  head.writeUInt8(0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127), 1);
  if (lengthBytes === 2) head.writeUInt16BE(length, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/**
 * Builds the HTTP request that upgrades a connection to `graphql-transport-ws`.
 *
 * @param isDeflated whether to offer compression
 */
export function upgradeRequest(port: number, isDeflated: boolean): string {
  return [
    'GET /graphql HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    ...(isDeflated ? ['Sec-WebSocket-Extensions: permessage-deflate'] : []),
    '\r\n',
  ].join('\r\n');
}
