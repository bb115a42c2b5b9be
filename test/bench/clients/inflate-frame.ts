import { constants, inflateRawSync } from 'node:zlib';
import type { Frame } from './frame-reader.js';

/** A compressed body, and the message that it stands for. */
interface Known {
  readonly body: Buffer;
  readonly message: Buffer;
}

/** Recent bodies: with so many updates on their way, each is decompressed once and not for every reader. */
const MAX_KNOWN = 16;

/** What `permessage-deflate` leaves out at the end of a message (RFC 7692, section 7.2.2). */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

const START = Buffer.from('{"payload":');

let known: Known[] = [];

/** Returns the frame of a compressed `next` message, decompressed and without its id. */
export function inflateFrame({ opcode, bytes, from, to }: Frame): Frame {
  // The gateway stores the beginning of a message, which differs between readers, as a block of its own.
  const body = bytes.subarray(from + 5 + bytes.readUInt16LE(from + 1), to);
  const message = known.find((one) => one.body.equals(body))?.message ?? inflate(body);
  return { opcode, bytes: message, from: 0, to: message.length };
}

function inflate(body: Buffer): Buffer {
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  const message = Buffer.concat([START, inflateRawSync(Buffer.concat([body, TAIL]), options)]);
  known = [{ body: Buffer.from(body), message }, ...known].slice(0, MAX_KNOWN);
  return message;
}
