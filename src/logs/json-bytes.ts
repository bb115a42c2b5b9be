import { DecodeError } from '../model/decode-fields.js';

// Reading of JSON without parsing all of it. `JSON.parse` of a complete view with 15 MB blocks the event loop
// for 100 ms or more. These functions find the boundaries of its values, in steps of about 64 KiB, so that
// only the values that are needed are parsed. They check the structure, not every detail of the grammar.

/** Work in steps. The caller continues it at once, or after other tasks had their turn. */
export type Steps<T> = Generator<void, T>;

/** Bytes that are read in one step. */
export const STEP_BYTES = 64 * 1024;

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const CLOSING_BRACE = 0x7d;
export const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const COLON = 0x3a;

/**
 * Finds the quote that ends a string. Returns its index, or the complement (`~`) of the index to continue at
 * when it is not before the limit.
 */
export function findQuote(bytes: Uint8Array, from: number, limit: number): number {
  let at = from;
  for (; at < limit; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  return ~at;
}

/** Finds the end of the string that starts after its opening quote: the index of its closing quote. */
export function* skipString(bytes: Uint8Array, from: number): Steps<number> {
  let end = findQuote(bytes, from, from + STEP_BYTES);
  while (end < 0) {
    if (~end >= bytes.length) throw unexpected(bytes, bytes.length);
    yield;
    end = findQuote(bytes, ~end, ~end + STEP_BYTES);
  }
  return end;
}

/** Finds the end of the value at an index: the index after it. */
export function* skipValue(bytes: Uint8Array, from: number): Steps<number> {
  let depth = 0;
  let pause = from + STEP_BYTES;
  for (let at = from; ; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw unexpected(bytes, at);
    if (byte === QUOTE) {
      const end = findQuote(bytes, at + 1, at + STEP_BYTES);
      at = end >= 0 ? end : yield* skipString(bytes, ~end);
    } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
      depth += 1;
      continue;
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
      depth -= 1;
    } else if (depth === 0) {
      return skipScalar(bytes, at);
    }
    if (depth <= 0) return at + 1;
    if (at < pause) continue;
    yield;
    pause = at + STEP_BYTES;
  }
}

function skipScalar(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && !isDelimiter(bytes[at])) at += 1;
  if (at === from) throw unexpected(bytes, at);
  return at;
}

function isDelimiter(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSING_BRACE || byte === CLOSING_BRACKET || isSpace(byte);
}

/** Finds the next byte that is not white space. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(bytes[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/**
 * Reads the members of the object at an index. `read` gets the start of each value and returns the index
 * after it. Returns the index after the object.
 */
export function* readObject(
  bytes: Buffer,
  from: number,
  read: (key: string, start: number) => Steps<number>,
): Steps<number> {
  if (bytes[from] !== OPENING_BRACE) throw unexpected(bytes, from);
  let at = skipSpace(bytes, from + 1);
  if (bytes[at] === CLOSING_BRACE) return at + 1;
  for (let pause = at + STEP_BYTES; ; ) {
    if (at > pause) {
      yield;
      pause = at + STEP_BYTES;
    }
    if (bytes[at] !== QUOTE) throw unexpected(bytes, at);
    const end = yield* skipString(bytes, at + 1);
    const colon = skipSpace(bytes, end + 1);
    if (bytes[colon] !== COLON) throw unexpected(bytes, colon);
    const key = end - at > MAX_KEY ? '' : String(parseSlice(bytes, at, end + 1));
    at = skipSpace(bytes, yield* read(key, skipSpace(bytes, colon + 1)));
    if (bytes[at] === CLOSING_BRACE) return at + 1;
    if (bytes[at] !== COMMA) throw unexpected(bytes, at);
    at = skipSpace(bytes, at + 1);
  }
}

/** Longest key that is read, in bytes. A longer one is an empty string: no reader knows it. */
const MAX_KEY = 4_096;

/** Reads the items of the list at an index, as `readObject` does. Null is an empty list: Go writes it. */
export function* readList(
  bytes: Buffer,
  from: number,
  read: (index: number, start: number) => Steps<number>,
): Steps<number> {
  if (bytes.toString('latin1', from, from + 4) === 'null') return from + 4;
  if (bytes[from] !== OPENING_BRACKET) throw unexpected(bytes, from);
  let at = skipSpace(bytes, from + 1);
  if (bytes[at] === CLOSING_BRACKET) return at + 1;
  let pause = at + STEP_BYTES;
  for (let index = 0; ; index += 1) {
    if (at > pause) {
      yield;
      pause = at + STEP_BYTES;
    }
    at = skipSpace(bytes, yield* read(index, at));
    if (bytes[at] === CLOSING_BRACKET) return at + 1;
    if (bytes[at] !== COMMA) throw unexpected(bytes, at);
    at = skipSpace(bytes, at + 1);
  }
}

/** Parses a part of the bytes. Throws `DecodeError` if it is no JSON. */
export function parseSlice(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    throw unexpected(bytes, start);
  }
}

/** Error of bytes that are no JSON, with their index and the first of them. */
export function unexpected(bytes: Uint8Array, at: number): DecodeError {
  const found = at < bytes.length ? Buffer.from(bytes.subarray(at, at + 40)).toString() : 'its end';
  return new DecodeError(`JSON at byte ${at}`, found, ['message']);
}

// The functions below read few bytes, so they need no steps. They check whether a segment has the form that
// Tilt writes. One in another form is read by the functions above.

/** The letter of an escaped line break. */
export const LETTER_N = 0x6e;

/** Longest string without text, in bytes: span id, time, level. */
const MAX_PLAIN = 1_024;

/** Finds the end of a short string without escapes; -1 for another one. */
export function findPlainEnd(bytes: Uint8Array, from: number): number {
  const limit = from + MAX_PLAIN;
  for (let at = from; at < limit; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) return -1;
  }
  return -1;
}

/** Skips the few bytes after the level. Returns the index after the segment; -1 if it is longer. */
export function skipMembers(bytes: Uint8Array, from: number): number {
  if (bytes[from] === CLOSING_BRACE) return from + 1;
  if (bytes[from] !== COMMA) return -1;
  const limit = from + MAX_PLAIN;
  let depth = 1;
  for (let at = from; at < limit; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = findQuote(bytes, at + 1, limit);
    else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) depth += 1;
    else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) depth -= 1;
    if (at < 0) return -1;
    if (depth === 0) return at + 1;
  }
  return -1;
}

/** Whether the bytes at an index are the expected ones. */
export function startsWith(bytes: Uint8Array, from: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) {
    if (bytes[from + index] !== expected[index]) return false;
  }
  return true;
}

/** Whether two parts of the bytes are the same. */
export function isSame(
  bytes: Uint8Array,
  start: number,
  end: number,
  other: number,
  otherEnd: number,
): boolean {
  if (end - start !== otherEnd - other) return false;
  for (let index = 0; index < end - start; index += 1) {
    if (bytes[start + index] !== bytes[other + index]) return false;
  }
  return true;
}

/** Whether a text ends with an escaped line break, rather than with an escaped backslash and an "n". */
export function endsWithBreak(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[end - 1] !== LETTER_N) return false;
  let at = end - 2;
  while (at >= start && bytes[at] === BACKSLASH) at -= 1;
  return (end - 2 - at) % 2 === 1;
}
