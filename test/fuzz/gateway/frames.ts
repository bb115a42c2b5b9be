import { Violation } from '../harness/violation.js';

/** A frame of a WebSocket (RFC 6455, section 5.2), as wrong as one likes. */
export interface Frame {
  readonly fin: boolean;
  /** The three reserved bits. */
  readonly rsv: number;
  readonly opcode: number;
  readonly isMasked: boolean;
  /** How the length is written: in the shortest form, or in more bytes than are needed. */
  readonly lengthBytes: 'shortest' | 2 | 8;
  /** What is added to the length that is written, so that it does not fit what follows. */
  readonly lengthError: number;
  readonly payload: Uint8Array;
}

/** The opcodes that mean something. */
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame as it should be. */
export function frameOf(opcode: number, payload: Uint8Array): Frame {
  return { fin: true, rsv: 0, opcode, isMasked: true, lengthBytes: 'shortest', lengthError: 0, payload };
}

/** A frame's bytes. */
export function encodeFrame({ fin, rsv, opcode, isMasked, payload, ...length }: Frame): Buffer {
  const first = (fin ? 0x80 : 0) | ((rsv & 7) << 4) | (opcode & 15);
  const size = Math.max(0, payload.length + length.lengthError);
  const head = Buffer.concat([Buffer.from([first]), encodeLength(size, length.lengthBytes, isMasked)]);
  if (!isMasked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, MASK, payload.map((byte, index) => byte ^ (MASK[index % 4] ?? 0))]);
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

function encodeLength(size: number, form: Frame['lengthBytes'], isMasked: boolean): Buffer {
  const mask = isMasked ? 0x80 : 0;
  if (form === 'shortest' && size < 126) return Buffer.from([mask | size]);
  if (form !== 8 && size < 65_536) return Buffer.from([mask | 126, size >> 8, size & 255]);
  const long = Buffer.alloc(9);
  long[0] = mask | 127;
  long.writeBigUInt64BE(BigInt(size), 1);
  return long;
}

/** A frame of the server's. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** How many bytes it took. */
  readonly length: number;
}

/** The first frame in the bytes; null while it is not complete. Throws a violation when a server must not send it. */
export function readFrame(bytes: Buffer): ServerFrame | null {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return null;
  if (second & 0x80) throw new Violation('a frame of the server is masked', bytes.toString('hex', 0, 20));
  const [extra, size] = readLength(bytes, second & 0x7f);
  if (size === null || bytes.length < 2 + extra + size) return null;
  const opcode = first & 15;
  const known: readonly number[] = Object.values(OPCODES);
  if ((first & 0xf0) !== 0x80 || !known.includes(opcode) || (opcode >= 8 && size > 125))
    throw new Violation('a frame of the server is malformed', bytes.toString('hex', 0, 20));
  return { opcode, payload: bytes.subarray(2 + extra, 2 + extra + size), length: 2 + extra + size };
}

/** How many bytes the length takes beside its first, and the length; null while they are not there. */
function readLength(bytes: Buffer, short: number): readonly [number, number | null] {
  if (short < 126) return [0, short];
  if (short === 126) return [2, bytes.length < 4 ? null : bytes.readUInt16BE(2)];
  return [8, bytes.length < 10 ? null : Number(bytes.readBigUInt64BE(2))];
}
