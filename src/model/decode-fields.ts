import { isRecord } from '../lib/is-record.js';
import { DecodeError } from './decode-error.js';
import { isMicroTime, type MicroTime, microsOf } from './micro-time.js';
import type { KeyValue } from './session.js';

// Readers of one field: its value, checked, or a `DecodeError` whose path begins with its key. Callers read the value
// by name (`flag(active.ready, 'ready')`): so 10,000 targets take 0.42 of the time of their `JSON.parse`; with
// `object[key]` in here, 0.54.

/** What `JSON.parse` gives for `{…}`. */
type JsonObject = Readonly<Record<string, unknown>>;

/** A key of an object, or an index of a list. */
type Key = string | number;

/** A field that is an object of its own: an error inside it gets its key in front. */
export function field<T>(value: unknown, key: Key, decode: (value: unknown) => T): T {
  try {
    return decode(value);
  } catch (error) {
    throw error instanceof DecodeError ? error.within(key) : error;
  }
}

/** A list of objects; Go writes an empty one as null. */
export function listOf<T>(value: unknown, key: Key, decode: (value: unknown) => T): readonly T[] {
  return items(value, key, (item, index) => field(item, index, decode));
}

/** A list of strings. */
export function strings(value: unknown, key: Key): readonly string[] {
  return items(value, key, string);
}

// Pushed to one by one, a list holds room for sixteen more: 128 bytes a target, which has a list of resources.
function items<T>(value: unknown, key: Key, read: (item: unknown, index: number) => T): readonly T[] {
  if (value == null) return NONE;
  if (!Array.isArray(value)) throw new DecodeError('a list', value, [key]);
  try {
    return value.map((item, index) => read(item, index));
  } catch (error) {
    throw error instanceof DecodeError ? error.within(key) : error;
  }
}

const NONE: readonly never[] = [];

/** The object itself that is decoded, to read its fields. */
export function record(value: unknown): JsonObject {
  if (isRecord(value)) return value;
  throw new DecodeError('an object', value);
}

/** A string that must be there. */
export function string(value: unknown, key: Key): string {
  if (typeof value !== 'string') throw new DecodeError('a string', value, [key]);
  return value;
}

/** A name: a string that must be there and say something. */
export function nonEmptyString(value: unknown, key: Key): string {
  if (value === '') throw new DecodeError('a string that is not empty', value, [key]);
  return string(value, key);
}

/** Go leaves a zero string out or writes it empty: both are null here. */
export function optionalString(value: unknown, key: Key): string | null {
  return value == null || value === '' ? null : string(value, key);
}

/** Go leaves a false out, or writes it. */
export function flag(value: unknown, key: Key): boolean {
  if (value == null) return false;
  if (typeof value !== 'boolean') throw new DecodeError('true or false', value, [key]);
  return value;
}

/** An int64; from 2^53 on `JSON.parse` may have rounded it, so it is refused. */
export function optionalInt64(value: unknown, key: Key): number | null {
  if (value == null) return null;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new DecodeError('a whole number within 2^53', value, [key]);
  }
  return value;
}

const GO_ZERO_TIME = microsOf('0001-01-01T00:00:00Z');

/** Go's zero time is `null` on the wire, or the first moment of the year 1 from writers that do not know that. */
export function optionalTime(value: unknown, key: Key): MicroTime | null {
  if (value == null) return null;
  if (typeof value !== 'string' || !isMicroTime(value)) {
    throw new DecodeError('an RFC 3339 time', value, [key]);
  }
  return value.startsWith('000') && microsOf(value) === GO_ZERO_TIME ? null : value;
}

const GO_DURATION = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

/** Go's `time.Duration` as text (`time.ParseDuration`): `30m0s`. */
export function optionalDuration(value: unknown, key: Key): string | null {
  if (value == null || value === '') return null;
  if (typeof value !== 'string' || !GO_DURATION.test(value)) {
    throw new DecodeError('a duration such as 30m0s', value, [key]);
  }
  return value;
}

/** How deep Kubernetes' own field trees are at most, many times over. */
const MOST_DEPTH = 100;

/**
 * Any JSON, as it came. What is nested by the thousand is refused: `JSON.parse` reads it, but `JSON.stringify` has not the
 * stack to write it, so that no client could be sent it. YAML can even hold itself.
 */
export function optionalJson(value: unknown, key: Key): unknown {
  if (!isWithin(value, MOST_DEPTH))
    throw new DecodeError(`at most ${MOST_DEPTH} levels of JSON`, value, [key]);
  return value ?? null;
}

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isWithin(member, depth - 1));
}

/** A Go map of strings, sorted by key. */
export function keyValues(value: unknown, key: Key): readonly KeyValue[] {
  return value == null ? NONE : field(value, key, entries);
}

function entries(value: unknown): KeyValue[] {
  const object = record(value);
  return Object.keys(object)
    .sort()
    .map((key) => ({ key, value: string(object[key], key) }));
}

/** A value of an enum: the model's word for it, and Tilt's own text. */
interface EnumValue<V extends string> {
  readonly word: V | 'unknown';
  readonly text: string;
}

/** The values of an enum that this version knows, by Tilt's text. */
export type EnumValues<V extends string> = ReadonlyMap<string, EnumValue<V>>;

/** Builds the table of an enum from pairs of Tilt's text and the model's word. */
export function enumOf<const V extends string>(pairs: Readonly<Record<string, V>>): EnumValues<V> {
  return new Map(Object.entries(pairs).map(([text, word]) => [text, { word, text }]));
}

/** Decodes a value of an enum. One of a newer Tilt is `unknown`, with its text kept; an absent one has an empty text. */
export function oneOf<V extends string>(value: unknown, key: Key, known: EnumValues<V>): EnumValue<V> {
  const text = optionalString(value, key) ?? '';
  // Known values share one object and one text, whatever `JSON.parse` made: a Session may have 10,000 of them.
  return known.get(text) ?? { word: 'unknown', text };
}
