import { isRecord } from '../lib/is-record.js';
import { isMicroTime, type MicroTime, parseMicros } from './micro-time.js';
import { shorten } from './plain-text.js';
import type { KeyValue } from './session.js';

/**
 * Error of a field that does not conform to `tilt.dev/v1alpha1`: `status.targets[3].state: expected …, got
 * …`.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** Path from the root of the object: `status.targets[3].state`. Empty for the object itself. */
  readonly path: string;
  /**
   * The value. Lists, objects and texts are replaced by their description, because errors are kept and a list
   * may have a million entries.
   */
  readonly got: unknown;

  constructor(
    readonly expected: string,
    got: unknown,
    private readonly keys: readonly (string | number)[] = [],
    private readonly description = describe(got),
  ) {
    const path = formatPath(keys);
    super(`${path === '' ? 'Session' : path}: expected ${expected}, got ${description}`);
    this.path = path;
    this.got = typeof got === 'object' || typeof got === 'string' ? description : got;
  }

  /** Creates the same error with more keys in front of its path. */
  within(...keys: readonly (string | number)[]): DecodeError {
    return new DecodeError(this.expected, this.got, [...keys, ...this.keys], this.description);
  }
}

function formatPath(keys: readonly (string | number)[]): string {
  return keys.map(formatKey).join('').replace(/^\./, '');
}

function formatKey(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return /^[A-Za-z_]\w{0,59}$/.test(key) ? `.${key}` : `[${quote(key)}]`;
}

/** Describes a value in a few words. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return quote(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/** Quotes a text as JSON, truncated, without the line breaks and control characters that JSON allows. */
function quote(text: string): string {
  return JSON.stringify(shorten(text, 60)).replace(/[\u007f-\u009f\u2028\u2029]/g, '\ufffd');
}

// Readers of one field. Each returns the checked value or throws a `DecodeError` whose path begins with the
// key. Callers read the value by name (`flag(active.ready, 'ready')`): 10,000 targets then take 0.42 of the
// time of their `JSON.parse`; with `object[key]` in the reader it was 0.54.

/** An object as `JSON.parse` returns it. */
type JsonObject = Readonly<Record<string, unknown>>;

/** A key of an object, or an index of a list. */
type Key = string | number;

/** Reads a nested object. Errors inside it get the key in front of their path. */
export function field<T>(value: unknown, key: Key, decode: (value: unknown) => T): T {
  try {
    return decode(value);
  } catch (error) {
    throw error instanceof DecodeError ? error.within(key) : error;
  }
}

/**
 * Maximum number of entries of a list or a map whose reader names no other. Tilt writes a few. A compressed
 * message of 16 kB can have five million, which take seconds and 500 MB.
 */
const MAX_ENTRIES = 1_000;

/** Reads a list of objects of at most `max` entries. Go writes an empty list as null. */
export function listOf<T>(
  value: unknown,
  key: Key,
  decode: (value: unknown) => T,
  max = MAX_ENTRIES,
): readonly T[] {
  return items(value, key, (item, index) => field(item, index, decode), max);
}

/** Reads a list of at most {@link MAX_ENTRIES} strings. */
export function strings(value: unknown, key: Key): readonly string[] {
  return items(value, key, string, MAX_ENTRIES);
}

// `map` allocates exactly. A list filled with `push` reserves 16 more slots: 128 bytes for each target's
// resources.
function items<T>(
  value: unknown,
  key: Key,
  read: (item: unknown, index: number) => T,
  max: number,
): readonly T[] {
  if (value == null) return NONE;
  if (!Array.isArray(value)) throw new DecodeError('a list', value, [key]);
  if (value.length > max) throw tooMany(max, value.length, key);
  try {
    return value.map((item, index) => read(item, index));
  } catch (error) {
    throw error instanceof DecodeError ? error.within(key) : error;
  }
}

function tooMany(max: number, count: number, ...path: readonly Key[]): DecodeError {
  return new DecodeError(`at most ${max} entries`, count, path);
}

const NONE: readonly never[] = [];

/** Checks that a value is an object, to read its fields. */
export function record(value: unknown): JsonObject {
  if (isRecord(value)) return value;
  throw new DecodeError('an object', value);
}

/** Reads a required string. */
export function string(value: unknown, key: Key): string {
  if (typeof value !== 'string') throw new DecodeError('a string', value, [key]);
  return value;
}

/** Reads a required string that is not empty. */
export function nonEmptyString(value: unknown, key: Key): string {
  if (value === '') throw new DecodeError('a string that is not empty', value, [key]);
  return string(value, key);
}

/** Reads an optional string. Go omits a zero string or writes it empty: both are null here. */
export function optionalString(value: unknown, key: Key): string | null {
  return value == null || value === '' ? null : string(value, key);
}

/** Reads a boolean. Go may omit false. */
export function flag(value: unknown, key: Key): boolean {
  if (value == null) return false;
  if (typeof value !== 'boolean') throw new DecodeError('true or false', value, [key]);
  return value;
}

/** Reads an optional int64. Values from 2^53 are rejected because `JSON.parse` may have rounded them. */
export function optionalInt64(value: unknown, key: Key): number | null {
  if (value == null) return null;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new DecodeError('a whole number within 2^53', value, [key]);
  }
  return value;
}

const GO_ZERO_TIME = parseMicros('0001-01-01T00:00:00Z');

/**
 * Reads an optional time. Go's zero time is null on the wire; some writers send the start of the year 1
 * instead.
 */
export function optionalTime(value: unknown, key: Key): MicroTime | null {
  if (value == null) return null;
  if (typeof value !== 'string' || !isMicroTime(value)) {
    throw new DecodeError('an RFC 3339 time', value, [key]);
  }
  return value.startsWith('000') && parseMicros(value) === GO_ZERO_TIME ? null : value;
}

const GO_DURATION = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

/** Reads an optional Go `time.Duration` as text (`time.ParseDuration`): `30m0s`. */
export function optionalDuration(value: unknown, key: Key): string | null {
  if (value == null || value === '') return null;
  if (typeof value !== 'string' || !GO_DURATION.test(value)) {
    throw new DecodeError('a duration such as 30m0s', value, [key]);
  }
  return value;
}

/** Nesting limit of JSON, many times the depth of the field trees that Kubernetes writes. */
const MAX_DEPTH = 100;

/**
 * Creates a reader of any JSON, which does not change it. Deep nesting is rejected: `JSON.parse` reads
 * thousands of levels, but `JSON.stringify` overflows its stack, so the value could not be sent to clients.
 * YAML may even be circular.
 *
 * @param max number of values that all results together may contain
 */
export function createJsonReader(max: number): (value: unknown, key: Key) => unknown {
  let count = 0;
  return (value, key) => {
    if (!isWithin(value, MAX_DEPTH)) {
      throw new DecodeError(`at most ${MAX_DEPTH} levels of JSON`, value, [key]);
    }
    if (count > max) throw new DecodeError(`at most ${max} values of JSON`, value, [key]);
    return value ?? null;
  };

  function isWithin(value: unknown, depth: number): boolean {
    count += 1;
    if (typeof value !== 'object' || value === null) return true;
    // The depth of a tree that is too large does not matter.
    if (count > max) return true;
    return depth > 0 && Object.values(value).every((member) => isWithin(member, depth - 1));
  }
}

/** Reads a Go map of strings of at most `max` entries as pairs, sorted by key. */
export function keyValues(value: unknown, key: Key, max = MAX_ENTRIES): readonly KeyValue[] {
  if (value == null) return NONE;
  const entries = field(value, key, readEntries);
  if (entries.length > max) throw tooMany(max, entries.length, key);
  return entries;
}

function readEntries(value: unknown): KeyValue[] {
  const object = record(value);
  return Object.keys(object)
    .sort()
    .map((key) => ({ key, value: string(object[key], key) }));
}

/** A value of an enum: the model's word, and the text that Tilt writes. */
interface EnumValue<V extends string> {
  readonly word: V | 'unknown';
  readonly text: string;
}

/** The known values of an enum, by the text that Tilt writes. */
export type EnumValues<V extends string> = ReadonlyMap<string, EnumValue<V>>;

/** Creates the table of an enum from pairs of Tilt's text and the model's word. */
export function defineEnum<const V extends string>(pairs: Readonly<Record<string, V>>): EnumValues<V> {
  return new Map(Object.entries(pairs).map(([text, word]) => [text, { word, text }]));
}

/**
 * Reads a value of an enum. A value of a newer Tilt is `unknown` and keeps its text; an absent one has an
 * empty text.
 */
export function enumValue<V extends string>(value: unknown, key: Key, known: EnumValues<V>): EnumValue<V> {
  const text = optionalString(value, key) ?? '';
  // Known values share one object and one text: a Session may have 10,000 of them.
  return known.get(text) ?? { word: 'unknown', text };
}
