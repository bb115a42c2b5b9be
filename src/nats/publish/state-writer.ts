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

/** Part that was left out of a state, and the error that the state is too large with it. */
export interface Omission {
  readonly what: 'excerpts' | 'facts';
  readonly error: unknown;
}

/**
 * Writes a state. If it exceeds the maximum size of a message, it is written without the excerpts of the log,
 * and if that is too large as well, without any facts about its Session: they only explain it.
 *
 * @param onFacts called after a state with facts was written, with what was left out of it; null for nothing
 */
export async function writeFitting(
  state: WritableState,
  onFacts: (omission: Omission | null) => void,
  write: (state: WritableState) => Promise<void>,
): Promise<void> {
  const { facts, ...session } = state.session;
  if (facts === undefined) return await write(state);
  let excess = await tryToWrite(() => write(state));
  if (excess === null) return onFacts(null);
  const { excerpts = [], ...others } = facts;
  if (excerpts.length > 0) {
    const { error } = excess;
    excess = await tryToWrite(() => write({ ...state, session: { ...session, facts: others } }));
    if (excess === null) return onFacts({ what: 'excerpts', error });
  }
  await write({ ...state, session });
  onFacts({ what: 'facts', error: excess.error });
}

/** Returns the error that the message is too large; null if it was written. Throws any other error. */
async function tryToWrite(write: () => Promise<void>): Promise<{ readonly error: unknown } | null> {
  try {
    await write();
    return null;
  } catch (error) {
    if (isTooLarge(error)) return { error };
    throw error;
  }
}
