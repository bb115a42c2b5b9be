import type { Bucket } from '../bucket.js';
import { encodeDeltaHeaders } from '../delta-message.js';
import { isTooLarge } from '../errors.js';
import { COMPRESS_FROM_BYTES, compress, type Envelope, encodeEnvelope } from '../message-format.js';

/** State of a Session to be written, with its age. */
export type WritableState = Pick<Envelope, 'session' | 'connection' | 'error' | 'ageMs'>;

/** Writes states to a key, with the difference to the state before where that is possible. */
export interface StateWriter {
  /** The revision of the last state that was written; null before the first. */
  readonly revision: number | null;
  /** Writes a state. Resolves with its revision. Rejects if the key has another revision than `previous`. */
  write(bucket: Bucket, state: WritableState, order: WriteOrder): Promise<number>;
}

/** Revision of the key that a write expects, and the serial of the write. */
type WriteOrder = Pick<Envelope, 'serial'> & { readonly previous: number };

/** Key and publisher of the states, and key of the report in which the publisher lists the key. */
export interface StateWriterOptions {
  readonly key: string;
  readonly publisher: string;
  readonly reportKey: string;
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/** Creates the writer of a key to which nothing was written. */
export function createStateWriter({ key, publisher, reportKey }: StateWriterOptions): StateWriter {
  let written: { readonly state: WritableState; readonly revision: number } | null = null;

  return {
    get revision() {
      return written?.revision ?? null;
    },
    async write(bucket, state, order) {
      const { previous } = order;
      const text = encodeEnvelope({ publisher, ...order, presence: reportKey, ...state });
      const value = compress(text);
      const headers = text.length < COMPRESS_FROM_BYTES ? NO_HEADERS : deltaHeaders(state, order);
      let revision: number;
      try {
        revision = await bucket.putState(key, value, previous, headers);
      } catch (error) {
        if (headers.size === 0 || !isTooLarge(error)) throw error;
        // The delta only saves time, so it is left out before any part of the state.
        revision = await bucket.putState(key, value, previous, NO_HEADERS);
      }
      written = { state, revision };
      return revision;
    },
  };

  /** Headers with the difference to the previous state, if that is exactly what the key has. */
  function deltaHeaders(state: WritableState, { serial, previous }: WriteOrder) {
    if (written?.revision !== previous || !isPlain(state) || !isPlain(written.state)) return NO_HEADERS;
    const { session } = written.state;
    return encodeDeltaHeaders(session, state.session, { base: previous, serial }) ?? NO_HEADERS;
  }
}

/** Whether a state consists of the Session alone: its connection is live, and this is its first write. */
function isPlain({ connection, error, ageMs = 0 }: WritableState): boolean {
  return connection === 'live' && error === null && ageMs === 0;
}
