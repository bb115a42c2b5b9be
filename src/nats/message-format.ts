import { gunzipSync, gzipSync } from 'node:zlib';
import { hasMoreValues } from '../lib/count-values.js';
import { codeOf } from '../lib/errors.js';
import { decodeSession } from '../model/decode.js';
import { decodeFacts } from '../model/decode-facts.js';
import { DecodeError, field, record, string } from '../model/decode-fields.js';
import { encodeSession } from '../model/encode.js';
import { encodeFacts } from '../model/encode-facts.js';
import type { SessionFacts } from '../model/facts.js';
import type { Session } from '../model/session.js';
import type { ConnectionState } from '../model/verdict.js';

/** Value of a key in a bucket: the state of a Session, and how it was published. */
export interface Envelope {
  /** Name of the publisher's run. */
  readonly publisher: string;
  /** Rises with each write of the publisher. */
  readonly serial: number;
  /** Revision of the key before this one, by which readers detect missed revisions; 0 without one. */
  readonly previous: number;
  /**
   * Key of the report in which the publisher lists its Sessions that are alive. Default: it writes a
   * heartbeat for each one, as publishers of earlier versions do.
   */
  readonly presence?: string;
  /**
   * Time since the Session reached this state, in milliseconds, by a monotonic clock. Greater than 0 for an
   * end, or a result that is `stale`, that was written late, and for a state that was written again because
   * it was deleted or about to expire: it counts from its first write. Default: 0.
   */
  readonly ageMs?: number;
  /** With its facts, apart from addresses that are valid on one machine only; `facts` in JSON. */
  readonly session: Session;
  /** State of the publisher's connection to its Tilt; `link` in JSON. */
  readonly connection: ConnectionState;
  /** Reason why the connection is not live; null if it is. */
  readonly error: string | null;
}

/** Keys that NATS accepts (ADR-8). */
const VALID_KEY = /^[-/_=.a-zA-Z0-9]+$/;

/** Version of the format. Readers reject other versions. */
const VERSION = 1;

/** Maximum age of a state: 31 years. */
export const MAX_AGE_MS = 10 ** 12;

/**
 * Encodes an envelope as JSON:
 * `{"version","publisher","serial","previous","presence","link","error","ageMs","session","facts"}`, with the
 * Session and the objects of its facts as Tilt writes them. Without known facts there is no such field, as in
 * messages of older publishers. Older readers ignore it.
 */
export function encodeEnvelope(envelope: Envelope): string {
  const { publisher, serial, previous, presence, connection: link, error, ageMs, session } = envelope;
  const head = { version: VERSION, publisher, serial, previous, presence, link, error, ageMs };
  return JSON.stringify({ ...head, session: encodeSession(session), facts: encodeKnown(session.facts) });
}

function encodeKnown(facts: SessionFacts | undefined): object | undefined {
  if (facts === undefined) return undefined;
  const isKnown = facts.resources !== null || facts.cluster !== null || facts.excerpts !== undefined;
  return isKnown ? encodeFacts(facts) : undefined;
}

/**
 * Decodes an envelope, or throws a `DecodeError`.
 *
 * @param instance instance of the Session, from the key
 */
export function decodeEnvelope(text: string, instance: string): Envelope {
  const object = record(parseJson(text));
  if (object.version !== VERSION) throw new DecodeError(`version ${VERSION}`, object.version, ['version']);
  const { presence, link, error, ageMs } = object;
  const facts = tryDecodeFacts(object.facts);
  if (link !== 'live' && link !== 'stale' && link !== 'gone') {
    throw new DecodeError('"live", "stale" or "gone"', link, ['link']);
  }
  return {
    publisher: string(object.publisher, 'publisher'),
    serial: number(object.serial, 'serial'),
    previous: number(object.previous, 'previous'),
    // An invalid one is useless, but it does not make the state unreadable.
    ...(typeof presence === 'string' && VALID_KEY.test(presence) && { presence }),
    ...(ageMs !== undefined && { ageMs: age(ageMs, 'ageMs') }),
    connection: link,
    error: error == null ? null : string(error, 'error'),
    session: {
      ...field(object.session, 'session', (session) => decodeSession(session, instance)),
      ...(facts && { facts }),
    },
  };
}

/** Facts that cannot be decoded are not known: they only explain the Session. */
function tryDecodeFacts(value: unknown): SessionFacts | undefined {
  try {
    return decodeFacts(value);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function number(value: unknown, key: string): number {
  if (typeof value === 'number') return value;
  throw new DecodeError('a number', value, [key]);
}

/** Reads milliseconds by which a time can be shifted. */
function age(value: unknown, key: string): number {
  const ms = number(value, key);
  if (ms >= 0 && ms <= MAX_AGE_MS) return ms;
  throw new DecodeError(`from 0 to ${MAX_AGE_MS} milliseconds`, value, [key]);
}

/**
 * Maximum number of values in the JSON of a state. One of 10,000 targets has 100,000. Parsing 16 MiB of `{}`
 * takes a second or more, and 400 MB.
 */
const MAX_VALUES = 1_000_000;

/**
 * Length from which the values of a state are counted, in characters. Usual states are shorter: one of 10,000
 * targets has 1.9 MB, with as many resources 3.9 MB. Counting adds a sixth to the time of decoding.
 */
const COUNT_FROM_LENGTH = 4 * 2 ** 20;

function parseJson(text: string): unknown {
  if (text.length > COUNT_FROM_LENGTH && hasMoreValues(text, MAX_VALUES)) {
    throw new DecodeError(`JSON of at most ${MAX_VALUES} values`, text);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new DecodeError('JSON', text);
  }
}

/**
 * Size from which a state is compressed, in bytes. A state of 100 targets shrinks to a twentieth in half the
 * time of parsing it. A state of a few targets stays readable in the `nats` CLI.
 */
export const COMPRESS_FROM_BYTES = 4_096;

/** The fastest level: the default of 6 takes two to three times as long and saves another twelfth. */
const GZIP_LEVEL = 1;

/** First bytes of every gzip stream. JSON never begins with them. */
const GZIP_MAGIC = [0x1f, 0x8b] as const;

/**
 * Maximum size of a state, decompressed, in bytes: 16 MiB. One of 10,000 targets has 1.9 MB. Zeros shrink to
 * a thousandth, so a small message could block a reader for seconds.
 */
export const MAX_STATE_BYTES = 16 * 2 ** 20;

/** Converts a text into the bytes of a value: UTF-8, in gzip from {@link COMPRESS_FROM_BYTES} on. */
export function compress(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return bytes.length < COMPRESS_FROM_BYTES ? bytes : gzipSync(bytes, { level: GZIP_LEVEL });
}

/**
 * Converts the bytes of a value into its text. Throws a `DecodeError` if they are invalid or exceed the size
 * limit.
 */
export function decompress(bytes: Uint8Array): string {
  const isCompressed = GZIP_MAGIC.every((byte, index) => bytes[index] === byte);
  return new TextDecoder().decode(isCompressed ? gunzip(bytes) : bytes);
}

function gunzip(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_STATE_BYTES });
  } catch (error) {
    throw new DecodeError(`gzip of at most ${MAX_STATE_BYTES} bytes`, codeOf(error));
  }
}

/**
 * Formats the key of a Session: `<instance>.<name>`. Dots of the instance stay, so that `team-a.>` selects
 * the Sessions of a team. Dots of the name, and characters that keys cannot contain (NATS ADR-8: letters,
 * digits, `-_/=`), become `=` and two hexadecimal digits per byte.
 */
export function formatKey(instance: string, name: string): string {
  const tokens = instance.split('.').every((token) => token !== '') ? instance.split('.') : [instance];
  return [...tokens, name].map(escapeToken).join('.');
}

/** Instance and name of the Session of a key. */
export interface KeyParts {
  readonly instance: string;
  readonly name: string;
}

/** Parses a key into instance and name; null if it is not the key of a Session. */
export function parseKey(key: string): KeyParts | null {
  const tokens = key.split('.').map(unescapeToken);
  const name = tokens.pop();
  if (name === undefined || tokens.length === 0 || [name, ...tokens].includes('')) return null;
  return { instance: tokens.join('.'), name };
}

function escapeToken(text: string): string {
  return text.replace(/[^\w-]+/g, (invalid) =>
    [...new TextEncoder().encode(invalid)].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

function unescapeToken(token: string): string {
  return token.replace(/(?:=[\da-f]{2})+/g, (bytes) =>
    Buffer.from(bytes.replaceAll('=', ''), 'hex').toString(),
  );
}
