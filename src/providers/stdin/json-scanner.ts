/**
 * Result of scanning one byte of a value:
 *
 * - `more`: the value continues.
 * - `last`: the value ends with this byte.
 * - `invalid`: no JSON continues like this.
 * - `next`: this byte starts the next value, so the current one was truncated.
 */
export type ScanResult = 'more' | 'last' | 'invalid' | 'next';

/** Scans one JSON object or list, byte by byte. */
export interface JsonScanner {
  scan(byte: number): ScanResult;
}

/**
 * Creates a scanner that finds the end of an object or list by its brackets and strings. It works on UTF-8
 * bytes: no byte of a multi-byte character equals a bracket or quote. It detects some invalid JSON, so as not
 * to run into the next value; `JSON.parse` detects the rest.
 */
export function createJsonScanner(): JsonScanner {
  const openBrackets: number[] = [];
  let isInString = false;
  let isEscaped = false;
  let previous = COMMA; // last byte that was not white space; a value may follow a comma

  return { scan: (byte) => (isInString ? scanString(byte) : scanOutside(byte)) };

  function scanString(byte: number): ScanResult {
    if (isEscaped) isEscaped = false;
    else if (byte === BACKSLASH) isEscaped = true;
    else if (byte === QUOTE) isInString = false;
    // JSON escapes line feeds in strings, so this string was truncated.
    return byte === LINE_FEED ? 'invalid' : 'more';
  }

  function scanOutside(byte: number): ScanResult {
    if (isSpace(byte)) return 'more';
    const before = previous;
    previous = byte;
    if (byte === QUOTE) isInString = true;
    else if (isOpening(byte)) return open(byte, before);
    else if (byte === BRACE_CLOSED || byte === BRACKET_CLOSED) return close(byte);
    return 'more';
  }

  function open(byte: number, before: number): ScanResult {
    if (before !== COMMA && before !== COLON && before !== BRACKET_OPEN) return 'next';
    openBrackets.push(byte === BRACE_OPEN ? BRACE_CLOSED : BRACKET_CLOSED);
    return 'more';
  }

  function close(byte: number): ScanResult {
    if (openBrackets.pop() !== byte) return 'invalid';
    return openBrackets.length === 0 ? 'last' : 'more';
  }
}

/** Whether a byte opens an object or list. */
export function isOpening(byte: number): boolean {
  return byte === BRACE_OPEN || byte === BRACKET_OPEN;
}

/** Whether a byte is JSON white space. */
export function isSpace(byte: number): boolean {
  return byte === LINE_FEED || byte === 0x20 || byte === 0x0d || byte === 0x09;
}

export const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSED = 0x7d;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSED = 0x5d;
