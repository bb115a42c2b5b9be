import { decodeSession } from '../model/decode.js';
import { DecodeError } from '../model/decode-error.js';
import { record, string } from '../model/decode-fields.js';
import { encodeSession } from '../model/encode.js';
import type { Session } from '../model/session.js';

/** What a bucket holds of a Session. */
export interface Envelope {
  /** Who wrote it: a name of the publisher's run. */
  readonly publisher: string;
  /** Rises with everything that the publisher writes. */
  readonly serial: number;
  /** The key's revision that it follows, by which a reader sees that it has missed none; 0 when there was none. */
  readonly previous: number;
  /**
   * How long before it was written its publisher had written this state already, in milliseconds, by a monotonic clock. More than 0 where
   * it was deleted, or was about to be too old. Default: 0.
   */
  readonly ageMs?: number;
  readonly session: Session;
  /** How its publisher's link to the Tilt is. */
  readonly link: 'live' | 'stale' | 'gone';
  /** Why the link is not live; null while it is. */
  readonly error: string | null;
}

/** The version of the form below; a reader refuses those it does not know. */
const VERSION = 1;

/** 31 years. */
const MAX_AGE_MS = 10 ** 12;

/** As JSON: `{"version","publisher","serial","previous","link","error","ageMs","session"}`, the Session as Tilt writes it. */
export function encodeEnvelope({ session, ...rest }: Envelope): string {
  return JSON.stringify({ version: VERSION, ...rest, session: encodeSession(session) });
}

/**
 * Reads it, or throws a `DecodeError`.
 *
 * @param instance of the Session, from the key
 */
export function decodeEnvelope(text: string, instance: string): Envelope {
  const object = record(parsed(text));
  if (object.version !== VERSION) throw new DecodeError(`version ${VERSION}`, object.version, ['version']);
  const { link, error, ageMs } = object;
  if (link !== 'live' && link !== 'stale' && link !== 'gone') {
    throw new DecodeError('"live", "stale" or "gone"', link, ['link']);
  }
  return {
    publisher: string(object.publisher, 'publisher'),
    serial: number(object.serial, 'serial'),
    previous: number(object.previous, 'previous'),
    ...(ageMs !== undefined && { ageMs: age(ageMs, 'ageMs') }),
    link,
    error: error == null ? null : string(error, 'error'),
    session: within('session', () => decodeSession(object.session, instance)),
  };
}

function number(value: unknown, key: string): number {
  if (typeof value === 'number') return value;
  throw new DecodeError('a number', value, [key]);
}

/** Milliseconds by which a time can be moved. */
function age(value: unknown, key: string): number {
  const ms = number(value, key);
  if (ms >= 0 && ms <= MAX_AGE_MS) return ms;
  throw new DecodeError(`from 0 to ${MAX_AGE_MS} milliseconds`, value, [key]);
}

function within<T>(key: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw error instanceof DecodeError ? error.within(key) : error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DecodeError('JSON', text);
  }
}
