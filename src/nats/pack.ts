import { gunzipSync, gzipSync } from 'node:zlib';
import { DecodeError } from '../model/decode-error.js';
import { MAX_BYTES } from '../providers/decode-sessions.js';

/**
 * From how many bytes on a state is compressed. One of 100 targets gets 20 times smaller in half the time in which it is
 * parsed; one of a few targets stays as it is, so that people can read it with NATS' own tool.
 */
const PACK_FROM = 4_096;

/** The fastest: the usual 6 takes two to three times as long, and saves a twelfth more. */
const LEVEL = 1;

/** What every gzip begins with; JSON does not. */
const GZIP = [0x1f, 0x8b] as const;

/** A text as it stands in a bucket: in UTF-8, a long one in gzip. */
export function packed(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return bytes.length < PACK_FROM ? bytes : gzipSync(bytes, { level: LEVEL });
}

/** The text again; throws a `DecodeError` when it cannot be unpacked, or is larger than any input may be. */
export function unpacked(bytes: Uint8Array): string {
  const isPacked = GZIP.every((byte, index) => bytes[index] === byte);
  return new TextDecoder().decode(isPacked ? gunzipped(bytes) : bytes);
}

function gunzipped(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new DecodeError(`gzip of at most ${MAX_BYTES} bytes`, code);
  }
}
