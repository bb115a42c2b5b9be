import { isRecord } from '../lib/is-record.js';
import { DecodeError, decodeSession } from '../model/decode.js';
import type { Session } from '../model/session.js';

/**
 * Longest single input that is read, in bytes: a file, or one value of a stream. 64 MiB; a Session of a
 * thousand targets is about 300 kB.
 */
export const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Decodes the output of `tilt get session`: one Session, or those of a list (`List`, `SessionList`). Pure.
 * Throws a `DecodeError`; in a list, its path starts with `items[…]`.
 *
 * @param instance instance of the Sessions
 */
export function decodeSessions(value: unknown, instance: string): Session[] {
  if (!isList(value)) return [decodeSession(value, instance)];
  const items = value.items ?? [];
  if (!Array.isArray(items)) throw new DecodeError('a list', items, ['items']);
  return items.map((item, index) => decodeItem(withKind(item, value), index, instance));
}

/** Whether a value is a Kubernetes list, which `kubectl` and `tilt` print for several objects. */
export function isList(value: unknown): value is JsonObject {
  return isRecord(value) && (value.kind === 'List' || value.kind === 'SessionList');
}

/** Adds the list's kind and version to an item: Kubernetes may leave them out in a list of one kind. */
export function withKind(item: unknown, { kind, apiVersion }: JsonObject): unknown {
  return isRecord(item) && kind === 'SessionList' ? { kind: 'Session', apiVersion, ...item } : item;
}

function decodeItem(item: unknown, index: number, instance: string): Session {
  try {
    return decodeSession(item, instance);
  } catch (error) {
    throw error instanceof DecodeError ? error.within(index).within('items') : error;
  }
}

type JsonObject = Readonly<Record<string, unknown>>;
