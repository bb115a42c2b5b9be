import { BACKSLASH, CLOSING_BRACE, COMMA, findQuote, QUOTE } from './json-bytes.js';

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
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === CLOSING_BRACE || byte === 0x5d) depth -= 1;
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
