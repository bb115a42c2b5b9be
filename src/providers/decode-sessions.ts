import { isRecord } from '../lib/is-record.js';
import { DecodeError, decodeSession } from '../model/decode.js';
import type { Session } from '../model/session.js';
import { type FactKind, type FactObject, isFactKind, toFactObject } from './fact-objects.js';
import { identityOf } from './kubernetes/object-identity.js';

/**
 * Longest single input that is read, in bytes: a file, or one value of a stream. 64 MiB; a Session of a
 * thousand targets is about 300 kB.
 */
export const MAX_BYTES = 64 * 1024 * 1024;

/** Content of an input. */
export interface DecodedInput {
  /** The Sessions, without facts. */
  readonly sessions: readonly Session[];
  /** Objects from which the facts of the Sessions are read, not decoded. */
  readonly factObjects: readonly FactObject[];
}

/**
 * Decodes the output of `tilt get`: one object, or those of a list (`List`, `SessionList`, …), which may have
 * several kinds. Pure. Throws a `DecodeError` if a Session is invalid; in a list, its path starts with
 * `items[…]`.
 *
 * @param source instance of the Sessions that have no namespace; a namespace is part of the instance
 */
export function decodeSessions(value: unknown, source: string): DecodedInput {
  if (!isList(value)) {
    const object = toFactObject(value);
    if (object) return { sessions: [], factObjects: [object] };
    return { sessions: [decodeObject(value, source)], factObjects: [] };
  }
  const items = value.items ?? [];
  if (!Array.isArray(items)) throw new DecodeError('a list', items, ['items']);
  const { others, factObjects } = splitItems(value, items);
  return { sessions: others.map(({ item, index }) => decodeItem(item, index, source)), factObjects };
}

/** Items of a list by what is read from them. */
export interface SplitItems {
  /** Sessions, and everything of an unknown kind. */
  readonly others: readonly { readonly item: unknown; readonly index: number }[];
  readonly factObjects: readonly FactObject[];
}

/** Splits the items of a list by kind. In a list of one kind, items may have none. Pure. */
export function splitItems(list: JsonObject, items: readonly unknown[]): SplitItems {
  const kind = listedKind(list);
  if (kind !== null) {
    return { others: [], factObjects: items.map((item) => ({ kind, value: withKind(item, list) })) };
  }
  const others: { readonly item: unknown; readonly index: number }[] = [];
  const factObjects: FactObject[] = [];
  for (const [index, item] of items.entries()) {
    const object = toFactObject(item);
    if (object) factObjects.push(object);
    else others.push({ item: withKind(item, list), index });
  }
  return { others, factObjects };
}

/** Kind of a list of objects from which facts are read; null for any other list. */
export function listedKind({ kind }: JsonObject): FactKind | null {
  const item = typeof kind === 'string' ? kind.replace(/List$/, '') : null;
  return item !== kind && isFactKind(item) ? item : null;
}

/** Whether a value is a Kubernetes list, which `kubectl` and `tilt` print for several objects. */
export function isList(value: unknown): value is JsonObject {
  if (!isRecord(value)) return false;
  return value.kind === 'List' || value.kind === 'SessionList' || listedKind(value) !== null;
}

/** Adds the list's kind and version to an item: Kubernetes may leave them out in a list of one kind. */
export function withKind(item: unknown, { kind, apiVersion }: JsonObject): unknown {
  if (!isRecord(item) || typeof kind !== 'string' || kind === 'List') return item;
  return { kind: kind.replace(/List$/, ''), apiVersion, ...item };
}

function decodeObject(value: unknown, source: string): Session {
  return decodeSession(value, identityOf(value, source).instance);
}

function decodeItem(item: unknown, index: number, source: string): Session {
  try {
    return decodeObject(item, source);
  } catch (error) {
    throw error instanceof DecodeError ? error.within('items', index) : error;
  }
}

type JsonObject = Readonly<Record<string, unknown>>;
