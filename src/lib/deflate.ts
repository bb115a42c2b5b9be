import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync } from 'node:zlib';

/**
 * Options for parts of a DEFLATE stream (RFC 1951) that can be joined in any order: each consists of whole
 * bytes and refers to nothing before it. So connections that have sent different data can share the
 * compressed bytes of a payload.
 *
 * Level 1 takes 23 µs for 16 kB, which become 0.9 kB; level 6 takes 46 µs and saves another 8 %.
 */
const OPTIONS = {
  level: 1,
  // The part ends with an empty block, and not with the end of the stream.
  finishFlush: constants.Z_SYNC_FLUSH,
};

/** Compresses bytes as a part. */
export function deflatePart(bytes: Buffer): Buffer {
  return deflateRawSync(bytes, OPTIONS);
}

const deflateRawLater = promisify(deflateRaw);

/** Compresses bytes as a part on another thread. */
export function deflatePartLater(bytes: Buffer): Promise<Buffer> {
  return deflateRawLater(bytes, OPTIONS);
}

/** Maximum length of a stored block, in bytes. */
const MAX_STORED = 65_535;

/** Header of a stored block: its type, its length, and the complement of the length. */
const STORED_HEADER = 5;

/** First byte of each stored part. */
export const STORED = 0;

/** Returns bytes as a part without compressing them. It has five bytes more for each 64 kB. */
export function storePart(bytes: Buffer): Buffer {
  const blocks = Math.max(Math.ceil(bytes.length / MAX_STORED), 1);
  const part = Buffer.allocUnsafe(bytes.length + blocks * STORED_HEADER);
  let at = 0;
  for (let from = 0; at < part.length; from += MAX_STORED) {
    const length = Math.min(bytes.length - from, MAX_STORED);
    part[at] = STORED;
    part.writeUInt16LE(length, at + 1);
    part.writeUInt16LE(length ^ 0xffff, at + 3);
    bytes.copy(part, at + STORED_HEADER, from, from + length);
    at += STORED_HEADER + length;
  }
  return part;
}
