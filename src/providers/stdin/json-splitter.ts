import { MAX_BYTES } from '../decode-sessions.js';
import { createJsonScanner, isOpening, isSpace, type JsonScanner, LINE_FEED } from './json-scanner.js';

/** A value of a stream, numbered from 1: its text, or its problem on one line. */
export type JsonPiece =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly problem: string };

/** Splits a stream of JSON objects and lists into single values. */
export interface JsonSplitter {
  /** Takes the next chunk and returns the values that end in it. */
  push(chunk: Uint8Array): JsonPiece[];
  /** Ends the stream. An incomplete value is a problem. */
  end(): JsonPiece[];
}

/**
 * Creates a splitter of concatenated JSON, pretty-printed or one value per line:
 *
 *     between ──{ or [──► value ──its last bracket──► between
 *        └──anything else──► stray ──end of line──► skipping ──a line starts with { or [──► value
 *                            value ──invalid, too long──► skipping
 *
 * So a truncated or invalid value affects itself and at worst its neighbour, but not the rest of the stream.
 * White space and the separator of RFC 7464 (JSON text sequences) between values are ignored.
 *
 * @param maxBytes longest value. Default: 64 MiB
 */
export function createJsonSplitter(maxBytes = MAX_BYTES): JsonSplitter {
  let state: 'between' | 'value' | 'stray' | 'skipping' = 'between';
  let scanner: JsonScanner = createJsonScanner();
  let isLineStart = false;
  const pieces = createPieces(maxBytes);
  const span = createByteSpan(); // the value, or the stray text

  return {
    push(chunk) {
      span.setChunk(chunk);
      for (let at = 0; at < chunk.length; at += 1) read(chunk[at] ?? 0, at);
      if (state === 'value' || state === 'stray') carryOver(chunk.length);
      return pieces.take();
    },
    end() {
      span.setChunk(new Uint8Array());
      if (state === 'value') fail('the stream ended inside the value', 0);
      if (state === 'stray') failStray(0);
      return pieces.take();
    },
  };

  function read(byte: number, at: number): void {
    switch (state) {
      case 'between':
        if (isOpening(byte)) startValue(byte, at);
        else if (!isSpace(byte) && !IGNORED.has(byte)) start('stray', at);
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
        if (isLineStart && isOpening(byte)) startValue(byte, at);
        else isLineStart = byte === LINE_FEED;
    }
  }

  function readValue(byte: number, at: number): void {
    switch (scanner.scan(byte)) {
      case 'more':
        break;
      case 'last':
        pieces.add(span.take(at + 1));
        state = 'between';
        break;
      case 'invalid':
        fail('it is invalid or truncated JSON', at);
        isLineStart = byte === LINE_FEED;
        break;
      case 'next':
        fail('it was truncated: another value begins inside it', at);
        startValue(byte, at);
    }
  }

  function startValue(byte: number, at: number): void {
    start('value', at);
    scanner = createJsonScanner();
    scanner.scan(byte);
  }

  function start(next: 'value' | 'stray', at: number): void {
    state = next;
    pieces.start();
    span.start(at);
  }

  /** Keeps the bytes of the current value when its chunk ends. */
  function carryOver(end: number): void {
    const bytes = span.carryOver(end);
    if (state === 'value' && bytes > maxBytes) fail(tooLong(maxBytes), end);
    if (state === 'stray' && bytes > MAX_SHOWN * 4) failStray(end);
  }

  function failStray(end: number): void {
    const text = new TextDecoder().decode(span.take(end)).trim();
    fail(`expected { or [, got ${JSON.stringify(text.slice(0, MAX_SHOWN))}`, end);
  }

  function fail(problem: string, end: number): void {
    span.take(end);
    pieces.fail(problem);
    state = 'skipping';
    isLineStart = false;
  }
}

/** The separator of RFC 7464 before a value, and the bytes of a byte order mark. */
const IGNORED = new Set([0x1e, 0xef, 0xbb, 0xbf]);

/** Characters of stray text in a message. */
const MAX_SHOWN = 60;

function tooLong(maxBytes: number): string {
  return `it is longer than ${maxBytes} bytes`;
}

/** Creates the list of numbered values that were split off. */
function createPieces(maxBytes: number) {
  let number = 0;
  let pieces: JsonPiece[] = [];

  return {
    /** Starts the next value. */
    start(): void {
      number += 1;
    },
    /** Adds the current value. */
    add(bytes: Uint8Array): void {
      if (bytes.length > maxBytes) pieces.push({ number, problem: tooLong(maxBytes) });
      else pieces.push({ number, ...decode(bytes) });
    },
    /** Adds the problem of the current value. */
    fail(problem: string): void {
      pieces.push({ number, problem });
    },
    /** Removes and returns all values. */
    take(): JsonPiece[] {
      const taken = pieces;
      pieces = [];
      return taken;
    },
  };
}

function decode(bytes: Uint8Array): { text: string } | { problem: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { problem: 'it is not UTF-8 text' };
  }
}

/** Creates an empty span: bytes over several chunks, which it references until they are taken. */
function createByteSpan() {
  let earlier: Uint8Array[] = []; // parts in earlier chunks
  let earlierBytes = 0;
  let chunk: Uint8Array = new Uint8Array();
  let from = 0; // where it starts, or continues, in the chunk

  return {
    setChunk(next: Uint8Array): void {
      chunk = next;
      from = 0;
    },
    start(at: number): void {
      from = at;
    },
    /** Continues the span in the next chunk. Returns its length so far. */
    carryOver(end: number): number {
      earlier.push(chunk.subarray(from, end));
      earlierBytes += end - from;
      from = end;
      return earlierBytes;
    },
    /** Ends the span and returns its bytes. */
    take(end: number): Uint8Array {
      const bytes = Buffer.concat([...earlier, chunk.subarray(from, end)]);
      earlier = [];
      earlierBytes = 0;
      from = end;
      return bytes;
    },
  };
}
