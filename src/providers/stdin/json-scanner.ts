/**
 * What a byte says of the value it belongs to: `more` is to come; it is the `last` one; the value is `broken`, since no
 * JSON goes on like this; or it is the `next` value's first, so that this one was cut off.
 */
export type ScanResult = 'more' | 'last' | 'broken' | 'next';

/** Follows one JSON object or list, byte by byte. */
export interface JsonScanner {
  scan(byte: number): ScanResult;
}

/**
 * Finds where an object or list ends, by its brackets and strings alone. It works on UTF-8 bytes: none of a longer
 * character looks like a bracket or quote. It notices some of what is no JSON, so as not to run on into the next value;
 * finding all of it is for `JSON.parse`.
 */
export function createJsonScanner(): JsonScanner {
  const open: number[] = [];
  let isInString = false;
  let isEscaped = false;
  let previous = COMMA; // the last byte that was no white space; a value may follow a comma

  return { scan: (byte) => (isInString ? scanString(byte) : scanOutside(byte)) };

  function scanString(byte: number): ScanResult {
    if (isEscaped) isEscaped = false;
    else if (byte === BACKSLASH) isEscaped = true;
    else if (byte === QUOTE) isInString = false;
    // In a string JSON escapes line ends: this one was cut off.
    return byte === LINE_FEED ? 'broken' : 'more';
  }

  function scanOutside(byte: number): ScanResult {
    if (isSpace(byte)) return 'more';
    const before = previous;
    previous = byte;
    if (byte === QUOTE) isInString = true;
    else if (isOpening(byte)) return begin(byte, before);
    else if (byte === BRACE_CLOSED || byte === BRACKET_CLOSED) return close(byte);
    return 'more';
  }

  function begin(byte: number, before: number): ScanResult {
    if (before !== COMMA && before !== COLON && before !== BRACKET_OPEN) return 'next';
    open.push(byte === BRACE_OPEN ? BRACE_CLOSED : BRACKET_CLOSED);
    return 'more';
  }

  function close(byte: number): ScanResult {
    if (open.pop() !== byte) return 'broken';
    return open.length === 0 ? 'last' : 'more';
  }
}

/** Whether an object or list begins with this byte. */
export function isOpening(byte: number): boolean {
  return byte === BRACE_OPEN || byte === BRACKET_OPEN;
}

/** Whether JSON passes over this byte between its parts. */
export function isSpace(byte: number): boolean {
  return byte === LINE_FEED || byte === 0x20 || byte === 0x0d || byte === 0x09;
}

/** What ends a line. */
export const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSED = 0x7d;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSED = 0x5d;
