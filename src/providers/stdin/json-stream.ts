import { MAX_BYTES } from '../limits.js';
import { createByteSpan } from './byte-span.js';
import { createJsonScanner, isOpening, isSpace, type JsonScanner, LINE_FEED } from './json-scanner.js';

/** One value of a stream, counted from 1: its text, or in one line why it has none. */
export type JsonPiece =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly problem: string };

/** Cuts a stream of JSON objects and lists into single ones. */
export interface JsonSplitter {
  /** Takes the next bytes, wherever they were cut; returns the values that end in them. */
  push(bytes: Uint8Array): JsonPiece[];
  /** The stream has ended: what is still open is a problem. */
  end(): JsonPiece[];
}

/**
 * Cuts concatenated JSON into its values, be it pretty-printed or one value a line:
 *
 *     between ──{ or [──► value ──its last bracket──► between
 *        └──anything else──► stray ──the line's end──► skipping ──a line begins with { or [──► value
 *                            value ──broken, too long──► skipping
 *
 * So a value that is cut off or no JSON costs itself, and at worst its neighbour, but not the rest of the stream. White
 * space and the separator of RFC 7464 (JSON text sequences) between values are passed over.
 *
 * @param maxBytes the longest value that is taken. Default: 64 MiB
 */
export function createJsonSplitter(maxBytes = MAX_BYTES): JsonSplitter {
  let state: 'between' | 'value' | 'stray' | 'skipping' = 'between';
  let scanner: JsonScanner = createJsonScanner();
  let isLineStart = false;
  let number = 0;
  let pieces: JsonPiece[] = [];
  const present = createByteSpan(); // the value, or the stray text

  return {
    push(bytes) {
      present.enter(bytes);
      for (let at = 0; at < bytes.length; at += 1) read(bytes[at] ?? 0, at);
      if (state === 'value' || state === 'stray') carryOn(bytes.length);
      return flush();
    },
    end() {
      present.enter(new Uint8Array());
      if (state === 'value') fail('the stream ended in the middle of it', 0);
      if (state === 'stray') failStray(0);
      return flush();
    },
  };

  function read(byte: number, at: number): void {
    switch (state) {
      case 'between':
        readBetween(byte, at);
        break;
      case 'value':
        readValue(byte, at);
        break;
      case 'stray':
        if (byte === LINE_FEED) {
          failStray(at);
          isLineStart = true;
        }
        break;
      case 'skipping':
        if (isLineStart && isOpening(byte)) begin(byte, at);
        else isLineStart = byte === LINE_FEED;
    }
  }

  function readBetween(byte: number, at: number): void {
    if (isOpening(byte)) begin(byte, at);
    else if (!isSpace(byte) && !PASSED_OVER.has(byte)) beginStray(at);
  }

  function beginStray(at: number): void {
    state = 'stray';
    number += 1;
    present.begin(at);
  }

  function begin(byte: number, at: number): void {
    state = 'value';
    number += 1;
    present.begin(at);
    scanner = createJsonScanner();
    scanner.scan(byte);
  }

  function readValue(byte: number, at: number): void {
    switch (scanner.scan(byte)) {
      case 'more':
        break;
      case 'last':
        complete(at + 1);
        break;
      case 'broken':
        fail('it is no JSON, or was cut off', at);
        isLineStart = byte === LINE_FEED;
        break;
      case 'next':
        fail('it was cut off: another begins in the middle of it', at);
        begin(byte, at);
    }
  }

  function complete(end: number): void {
    const bytes = present.take(end);
    if (bytes.length > maxBytes) pieces.push({ number, problem: tooLong() });
    else pieces.push({ number, ...decode(bytes) });
    state = 'between';
  }

  /** The chunk ends; what is open goes on in the next one. */
  function carryOn(end: number): void {
    const bytes = present.carry(end);
    if (state === 'value' && bytes > maxBytes) fail(tooLong(), end);
    if (state === 'stray' && bytes > SHOWN_CHARACTERS * 4) failStray(end);
  }

  function failStray(end: number): void {
    const text = new TextDecoder().decode(present.take(end)).trim();
    fail(`expected { or [, got ${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}`, end);
  }

  function fail(problem: string, end: number): void {
    present.take(end);
    pieces.push({ number, problem });
    state = 'skipping';
    isLineStart = false;
  }

  function flush(): JsonPiece[] {
    const done = pieces;
    pieces = [];
    return done;
  }

  function tooLong(): string {
    return `it is longer than ${maxBytes} bytes`;
  }
}

/** RFC 7464's separator before a value, and the bytes of a byte order mark. */
const PASSED_OVER = new Set([0x1e, 0xef, 0xbb, 0xbf]);
const SHOWN_CHARACTERS = 60;

function decode(bytes: Uint8Array): { text: string } | { problem: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { problem: 'it is not UTF-8 text' };
  }
}
