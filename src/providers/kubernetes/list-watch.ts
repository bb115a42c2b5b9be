import { isRecord } from '../../lib/is-record.js';
import { DecodeError, decodeSession } from '../../model/decode.js';
import { oneLine, shorten } from '../../model/plain-text.js';
import type { Session } from '../../model/session.js';
import { withKind } from '../decode-sessions.js';
import { ProviderError } from '../provider.js';
import { identityOf, type ObjectIdentity } from './object-identity.js';

/** A list of the objects of one kind from an API server. */
export interface ObjectList {
  /** Version from which to watch; empty when the server sent none. */
  readonly resourceVersion: string;
  /** Decoded separately, so that an invalid item does not affect the others. */
  readonly items: readonly unknown[];
}

/** An event of a watch. `O` is a decoded object of its kind. */
export type WatchEvent<O = DecodedObject> =
  /** ADDED or MODIFIED. They are equivalent: Tilt starts each watch with all objects as ADDED. */
  | { readonly type: 'put'; readonly object: O }
  | { readonly type: 'delete'; readonly identity: ObjectIdentity }
  /** The position of the watch. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** The server cannot continue the watch; `expired` when it no longer knows the version (410). */
  | { readonly type: 'error'; readonly expired: boolean; readonly message: string }
  | { readonly type: 'unreadable'; readonly error: string };

/** A Session of a list or a watch. */
export interface DecodedObject {
  readonly identity: ObjectIdentity;
  /** The Session, or the decoding error on one line. */
  readonly session: Session | string;
  /** Targets that were reused from an earlier state. Default: none, all were decoded. */
  readonly reuse?: TargetReuse;
}

/** Targets that were reused from an earlier state of a Session. */
export interface TargetReuse {
  readonly from: Session;
  /** Indices of the targets that were decoded again. All others are the same objects at the same indices. */
  readonly changedTargets: readonly number[];
}

/**
 * Reads a list of one kind from its JSON text. Pure.
 *
 * @param listKind kind of the list: `SessionList`
 * @throws {@link ProviderError} `unreadable` when the text is not such a list
 */
export function readObjectList(body: string, url: string, listKind: string): ObjectList {
  const list = parseJson(body);
  if (list === undefined) throw unreadableList(url, 'JSON', body.slice(0, 100));
  if (!isRecord(list)) throw unreadableList(url, 'a JSON object', list);
  const items = list.items ?? [];
  if (list.kind !== listKind) throw unreadableList(url, `the kind "${listKind}"`, list.kind);
  if (!Array.isArray(items)) throw unreadableList(url, 'a list in "items"', items);
  const version = isRecord(list.metadata) ? list.metadata.resourceVersion : undefined;
  return {
    resourceVersion: typeof version === 'string' ? version : '',
    items: items.map((item: unknown) => withKind(item, list)),
  };
}

function unreadableList(url: string, expected: string, got: unknown): ProviderError {
  const text = shorten(JSON.stringify(got) ?? 'nothing', MAX_SHOWN);
  return new ProviderError('unreadable', `${url}: expected ${expected}, got ${text}`);
}

/** Decodes a Session. Pure. */
export function decodeObject(object: unknown, source: string): DecodedObject {
  const identity = identityOf(object, source);
  return { identity, session: orMessage(() => decodeSession(object, identity.instance)) };
}

/** Returns the decoded value, or the message of a `DecodeError`. */
export function orMessage<T>(decode: () => T): T | string {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}

/** Reads one line of a watch of Sessions. Pure. An invalid line is an event too. */
export function readWatchEvent(line: string | Buffer, source: string): WatchEvent {
  return readEvent(line, source, decodeObject);
}

/** Reads one line of a watch of any kind. Pure. An invalid line is an event too. */
export function readEvent<O>(
  line: string | Buffer,
  source: string,
  decode: (object: unknown, source: string) => O,
): WatchEvent<O> {
  const event = parseJson(String(line));
  if (!isRecord(event)) return unreadableEvent('a JSON object', line);
  const { type, object } = event;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { type: 'put', object: decode(object, source) };
    case 'DELETED':
      return { type: 'delete', identity: identityOf(object, source) };
    case 'BOOKMARK':
      return { type: 'bookmark', resourceVersion: identityOf(object, source).resourceVersion ?? '' };
    case 'ERROR':
      return toErrorEvent(object);
    default:
      return unreadableEvent('a type ADDED, MODIFIED, DELETED, BOOKMARK or ERROR', line);
  }
}

function toErrorEvent(status: unknown): WatchEvent<never> {
  const { code, message, reason } = isRecord(status) ? status : {};
  const text = [message, reason, code].find((part) => typeof part === 'string' || typeof part === 'number');
  return { type: 'error', expired: code === 410, message: oneLine(String(text ?? '')) || 'no reason given' };
}

function unreadableEvent(expected: string, bytes: string | Buffer): WatchEvent<never> {
  const got = JSON.stringify(shorten(String(bytes).trim(), MAX_SHOWN));
  return { type: 'unreadable', error: oneLine(`a line of the watch: expected ${expected}, got ${got}`) };
}

/** Maximum length of what was found in an error, in characters. */
const MAX_SHOWN = 60;

/** Parses JSON; undefined when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
