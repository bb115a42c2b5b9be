import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { Violation } from '../harness/violation.js';

/** A WebSocket frame (RFC 6455, section 5.2), valid or invalid. */
export interface Frame {
  readonly fin: boolean;
  /** The three reserved bits. */
  readonly rsv: number;
  readonly opcode: number;
  readonly isMasked: boolean;
  /** Encoding of the length: the shortest form, or more bytes than necessary. */
  readonly lengthBytes: 'shortest' | 2 | 8;
  /** Added to the encoded length, so that it does not match the payload. */
  readonly lengthError: number;
  readonly payload: Uint8Array;
}

/** Defined opcodes. */
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Creates a valid frame. */
export function createFrame(opcode: number, payload: Uint8Array): Frame {
  return { fin: true, rsv: 0, opcode, isMasked: true, lengthBytes: 'shortest', lengthError: 0, payload };
}

/** Encodes a frame. */
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

/** A frame sent by the server. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** Size of the whole frame in bytes. */
  readonly length: number;
}

/**
 * Reads the first frame, decompressed. Returns null while it is incomplete; throws a violation if a server
 * must not send it.
 *
 * @param mayCompress whether compression was negotiated
 */
export function readFrame(bytes: Buffer, mayCompress: boolean): ServerFrame | null {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return null;
  if (second & 0x80) throw new Violation('the server sent a masked frame', bytes.toString('hex', 0, 20));
  const [extra, size] = readLength(bytes, second & 0x7f);
  if (size === null || bytes.length < 2 + extra + size) return null;
  const opcode = first & 15;
  const known: readonly number[] = Object.values(OPCODES);
  const isCompressed = mayCompress && first === (0xc0 | OPCODES.text);
  if ((!isCompressed && (first & 0xf0) !== 0x80) || !known.includes(opcode) || (opcode >= 8 && size > 125))
    throw new Violation('the server sent a malformed frame', bytes.toString('hex', 0, 20));
  const payload = bytes.subarray(2 + extra, 2 + extra + size);
  return { opcode, payload: isCompressed ? inflateMessage(payload) : payload, length: 2 + extra + size };
}

/**
 * Compresses a message (RFC 7692, section 7.2.1).
 *
 * @param before the previous message, which this one refers to (context takeover). Default: none
 */
export function deflateMessage(payload: Uint8Array, before?: Uint8Array): Buffer {
  return deflateRawSync(payload, { ...SYNC, ...(before && { dictionary: before }) }).subarray(0, -4);
}

function inflateMessage(payload: Buffer): Buffer {
  try {
    return inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), SYNC);
  } catch (error) {
    throw new Violation('the server sent a message that cannot be decompressed', error);
  }
}

const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };

/** Number of additional length bytes, and the length; null while it is incomplete. */
function readLength(bytes: Buffer, short: number): readonly [number, number | null] {
  if (short < 126) return [0, short];
  if (short === 126) return [2, bytes.length < 4 ? null : bytes.readUInt16BE(2)];
  return [8, bytes.length < 10 ? null : Number(bytes.readBigUInt64BE(2))];
}
