import { DecodeError } from '../model/decode.js';
import { type Session, type SessionId, sessionIdOf } from '../model/session.js';
import type { ConnectionState } from '../model/verdict.js';
import { type ReceivedDelta, receiveDelta } from './delta-message.js';
import { decodeEnvelope, decompress, type Envelope, type KeyParts, parseKey } from './message-format.js';
import type { StreamMessage } from './stream-position.js';

/** One revision of a key in a bucket. */
export interface Entry<Content = Envelope> {
  readonly key: string;
  readonly id: SessionId;
  /** The bucket's revision. */
  readonly revision: number;
  /** Time of the write, by the servers' clock: milliseconds since 1970. */
  readonly writtenAt: number;
  /**
   * Time for which it could not be read, by the servers' clock, in milliseconds; infinite if unknown.
   * Default: 0.
   */
  readonly delayMs?: number;
  /** Null if the key was deleted; an error if the value cannot be decoded. */
  readonly content: Content | DecodeError | null;
  /** How it follows from the previous entry; null if its value was read. */
  readonly delta?: ReceivedDelta;
  /** Estimated memory of what it does not share with other entries, in bytes. Default: 0, nothing. */
  readonly bytes?: number;
}

/** An envelope without its Session. No delta applies to a Session that is not live. */
interface EnvelopeHead {
  readonly publisher: string;
  readonly connection: Exclude<ConnectionState, 'live'>;
}

/** The newest entry of a key, without the Session if that has ended. */
export type NewestEntry = Entry<Envelope | EnvelopeHead>;

/**
 * Decodes a message; null if its key is not the key of a Session.
 *
 * @param known the previous entry, to which a delta in the headers is applied. Default: the value is read
 */
export function decodeEntry(
  message: StreamMessage,
  known?: (key: string) => NewestEntry | undefined,
): Entry | null {
  const key = extractKey(message);
  const before = known?.(key);
  const followed = before && followEntry(message, before);
  if (followed) return followed;
  const parts = parseKey(key);
  if (parts === null) return null;
  const { seq: revision, writtenAt, ageMs } = message;
  return {
    key,
    id: sessionIdOf(parts.instance, parts.name),
    revision,
    writtenAt,
    ...toDelay(ageMs),
    ...decodeContent(message, parts),
  };
}

/** Applies the delta of a message to the previous entry. Returns null if that is not possible. */
function followEntry({ seq, writtenAt, ageMs, headers }: StreamMessage, known: NewestEntry): Entry | null {
  const before = envelopeOf(known);
  if (before?.connection !== 'live') return null;
  // The strings of the previous entry: their hashes are known to every map.
  const { key, id, revision: previous } = known;
  const delta = receiveDelta(headers, { revision: previous, session: before.session });
  if (delta === null) return null;
  const { publisher } = before;
  const { serial, session } = delta;
  return {
    key,
    id,
    revision: seq,
    writtenAt,
    ...toDelay(ageMs),
    content: { publisher, serial, previous, connection: 'live', error: null, session },
    delta,
    bytes: delta.length + POINTER_BYTES * countItems(session),
  };
}

/** Memory of an item of a list that a delta changes: the other items are shared with the previous entry. */
const POINTER_BYTES = 8;

/** Memory of a decoded item beyond its text, at least: `{"name":"a"}` becomes an object of several fields. */
const ITEM_BYTES = 64;

/** Number of items in the lists of a Session that can be long. Their items' own lists are not counted. */
function countItems({ metadata, status, facts }: Session): number {
  const { labels, annotations, finalizers, ownerReferences, managedFields } = metadata;
  const lists = [labels, annotations, finalizers, ownerReferences, managedFields, status.targets];
  return lists.reduce((sum, { length }) => sum + length, facts?.resources?.length ?? 0);
}

function decodeContent(message: StreamMessage, parts: KeyParts): Pick<Entry, 'content' | 'bytes'> {
  if (isDeletion(message)) return { content: null };
  try {
    const text = decompress(message.data);
    const content = decodeValue(text, parts);
    return { content, bytes: text.length + ITEM_BYTES * countItems(content.session) };
  } catch (error) {
    if (error instanceof DecodeError) return { content: error };
    throw error;
  }
}

function decodeValue(text: string, { instance, name }: KeyParts): Envelope {
  const envelope = decodeEnvelope(text, instance);
  const found = envelope.session.metadata.name;
  // Its end, and the silence of its publisher, are reported for the key: another Session would stay live.
  if (found === name) return envelope;
  throw new DecodeError(`"${name}" as in the key`, found, ['session', 'metadata', 'name']);
}

const SUBJECT_PREFIX = '$KV.';

/** Extracts the key from the subject of a message, `$KV.<bucket>.<key>`. Names of buckets contain no dots. */
export function extractKey({ subject }: Pick<StreamMessage, 'subject'>): string {
  return subject.slice(subject.indexOf('.', SUBJECT_PREFIX.length) + 1);
}

/**
 * Whether a message marks its key as deleted (ADR-8: `KV-Operation`), or as expired: servers from 2.11 on
 * write a message without a value if the bucket has a TTL for markers (ADR-43: `Nats-Marker-Reason`).
 */
export function isDeletion({ headers }: Pick<StreamMessage, 'headers'>): boolean {
  return headers?.has('KV-Operation') === true || headers?.has('Nats-Marker-Reason') === true;
}

/** Returns the envelope of an entry; null if the key was deleted or the value could not be decoded. */
export function envelopeOf<Content>(entry: Entry<Content> | undefined): Content | null {
  const content = entry?.content ?? null;
  return content === null || content instanceof DecodeError ? null : content;
}

/**
 * Time at which the Session reached this state, by the servers' clock: milliseconds since 1970. Before
 * `writtenAt` for a state that was written again.
 */
export function reachedAt(entry: Entry): number {
  return entry.writtenAt - (envelopeOf(entry)?.ageMs ?? 0);
}

/** Age from which an entry was read late, in milliseconds: more than it takes to create a consumer. */
const LATE_MS = 1_000;

function toDelay(ageMs: number): Pick<Entry, 'delayMs'> {
  return ageMs >= LATE_MS ? { delayMs: Math.round(ageMs) } : {};
}

/** Time at which an entry was read, by the servers' clock: milliseconds since 1970. */
export function readAt({ writtenAt, delayMs = 0 }: Entry): number {
  return writtenAt + delayMs;
}

/**
 * Whether an entry does not certainly follow a known revision of its key. A deletion, and a value that cannot
 * be decoded, do not tell what they follow.
 */
export function mayFollowOther(entry: Entry, known: number): boolean {
  return envelopeOf(entry) === null || followsOther(entry, known);
}

/**
 * Whether an entry names another revision before it than the known one of its key; 0 for none. A name that is
 * impossible tells nothing.
 */
export function followsOther(entry: Entry, known: number): boolean {
  const previous = envelopeOf(entry)?.previous ?? known;
  return previous !== known && previous < entry.revision;
}
