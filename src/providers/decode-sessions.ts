import { isRecord } from '../lib/is-record.js';
import { DecodeError, decodeSession } from '../model/decode.js';
import type { Session } from '../model/session.js';

/**
 * Reads what `tilt get session` prints: one Session, or all those of a list (`List`, `SessionList`). Pure. Throws a
 * `DecodeError`, its path beginning with `items[…]` in a list.
 *
 * @param instance which Tilt they are of
 */
export function decodeSessions(value: unknown, instance: string): Session[] {
  if (!isList(value)) return [decodeSession(value, instance)];
  const items = value.items ?? [];
  if (!Array.isArray(items)) throw new DecodeError('a list', items, ['items']);
  return items.map((item, index) => decodeItem(withKind(item, value), index, instance));
}

/** Whether it is a Kubernetes list, which `kubectl` and `tilt` print for several objects. */
export function isList(value: unknown): value is JsonObject {
  return isRecord(value) && (value.kind === 'List' || value.kind === 'SessionList');
}

/** In a list of one kind, Kubernetes may leave out the kind and version of the items: the list tells them. */
function withKind(item: unknown, { kind, apiVersion }: JsonObject): unknown {
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
