import { DecodeError } from './decode-error.js';
import { isMicroTime, type MicroTime, microsOf } from './micro-time.js';
import type { KeyValue } from './session.js';

/** What `JSON.parse` gives for `{…}`. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** One field of an object; an error inside it gets the field's name in front. */
export function field<T>(object: JsonObject, key: string, decode: (value: unknown) => T): T {
  try {
    return decode(object[key]);
  } catch (error) {
    throw error instanceof DecodeError ? error.within(key) : error;
  }
}

/** A list; Go writes an empty one as null. An error inside it gets the item's index in front. */
export function listOf<T>(value: unknown, decode: (value: unknown) => T): T[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw new DecodeError('a list', value);
  const list: T[] = [];
  try {
    for (const item of value) list.push(decode(item));
  } catch (error) {
    throw error instanceof DecodeError ? error.within(list.length) : error;
  }
  return list;
}

export function strings(value: unknown): string[] {
  return listOf(value, string);
}

export function record(value: unknown): JsonObject {
  if (isObject(value)) return value;
  throw new DecodeError('an object', value);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function string(value: unknown): string {
  if (typeof value !== 'string') throw new DecodeError('a string', value);
  return value;
}

export function nonEmptyString(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new DecodeError('a string that is not empty', value);
  return value;
}

/** Go leaves a zero string out or writes it empty: both are null here. */
export function optionalString(value: unknown): string | null {
  return value == null || value === '' ? null : string(value);
}

/** Go leaves a false out, or writes it. */
export function flag(value: unknown): boolean {
  if (value == null) return false;
  if (typeof value !== 'boolean') throw new DecodeError('true or false', value);
  return value;
}

/** An int64; from 2^53 on `JSON.parse` may have rounded it, so it is refused. */
export function optionalInt64(value: unknown): number | null {
  if (value == null) return null;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new DecodeError('a whole number within 2^53', value);
  }
  return value;
}

const GO_ZERO_TIME = microsOf('0001-01-01T00:00:00Z');

/** Go's zero time is `null` on the wire, or the first moment of the year 1 from writers that do not know that. */
export function optionalTime(value: unknown): MicroTime | null {
  if (value == null) return null;
  if (typeof value !== 'string' || !isMicroTime(value)) throw new DecodeError('an RFC 3339 time', value);
  return value.startsWith('000') && microsOf(value) === GO_ZERO_TIME ? null : value;
}

const GO_DURATION = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

/** Go's `time.Duration` as text (`time.ParseDuration`): `30m0s`. */
export function optionalDuration(value: unknown): string | null {
  if (value == null || value === '') return null;
  if (typeof value !== 'string' || !GO_DURATION.test(value)) {
    throw new DecodeError('a duration such as 30m0s', value);
  }
  return value;
}

/** A Go map of strings, by key. */
export function keyValues(value: unknown): KeyValue[] {
  if (value == null) return [];
  const object = record(value);
  return Object.keys(object)
    .sort()
    .map((key) => ({ key, value: field(object, key, string) }));
}

/** The model's word for a value of an enum; a value of a newer Tilt is `unknown`. */
export function oneOf<V extends string>(text: string | null, known: ReadonlyMap<string, V>): V | 'unknown' {
  return known.get(text ?? '') ?? 'unknown';
}
