import { DecodeError } from '../model/decode-error.js';
import type { SessionId } from '../model/session.js';
import { decodeEnvelope, type Envelope } from './envelope.js';
import { idOf, partsOf } from './key.js';
import type { StreamMessage } from './message.js';
import { unpacked } from './pack.js';

/** One revision of a key of a bucket. */
export interface Entry {
  readonly key: string;
  readonly id: SessionId;
  /** The bucket's revision. */
  readonly revision: number;
  /** When it was written, by the servers' clock: milliseconds since 1970. */
  readonly writtenAt: number;
  /** Null: the key was deleted; an error: what it has cannot be understood. */
  readonly content: Envelope | DecodeError | null;
}

/** Since when a Session is as it is here, by the servers' clock: milliseconds since 1970. Before `writtenAt` if it was written again. */
export function reachedAt({ writtenAt, content }: Pick<Entry, 'writtenAt' | 'content'>): number {
  return writtenAt - (content !== null && 'ageMs' in content ? (content.ageMs ?? 0) : 0);
}

/** The key that a message is about. */
export function keyIn({ subject }: Pick<StreamMessage, 'subject'>): string {
  // `$KV.<bucket>.<key>`: a bucket's name has no dots.
  return subject.split('.').slice(2).join('.');
}

/** Whether a message says that its key was deleted (ADR-8: `KV-Operation`). */
export function isDeletion({ headers }: Pick<StreamMessage, 'headers'>): boolean {
  return headers?.has('KV-Operation') === true;
}

/** Reads a message; null when its key is no Session's. */
export function entryOf(message: StreamMessage): Entry | null {
  const key = keyIn(message);
  const id = idOf(key);
  const parts = partsOf(key);
  if (id === null || parts === null) return null;
  const { seq: revision, writtenAt } = message;
  return { key, id, revision, writtenAt, content: contentOf(message, parts.instance) };
}

function contentOf(message: StreamMessage, instance: string): Entry['content'] {
  if (isDeletion(message)) return null;
  try {
    return decodeEnvelope(unpacked(message.data), instance);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}
