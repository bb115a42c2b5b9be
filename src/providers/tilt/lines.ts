/** Cuts a stream of bytes into lines. */
export interface LineReader {
  /** Takes the next bytes and calls back for each line that they complete. */
  push(chunk: Uint8Array): void;
}

/** What a {@link LineReader} calls, in the order of the lines. */
export interface LineHandlers {
  /** A line without its end, in memory of its own. Blank lines are left out. */
  line(bytes: Buffer): void;
  /** A line grew longer than allowed; it is skipped to its end. Called once for it. */
  overlong(): void;
}

/**
 * Bytes to lines, whatever the chunks: a line is handed out whole, so that a character cut in two by a chunk's end comes out
 * right (no byte of a longer UTF-8 character is a newline). A last line without its end is never handed out: the
 * stream broke in the midst of it.
 *
 * @param maxBytes the longest line that is kept in memory
 */
export function createLineReader(maxBytes: number, handlers: LineHandlers): LineReader {
  let parts: Uint8Array[] = [];
  let length = 0;
  let skipping = false;

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        keep(chunk.subarray(start, end));
        finish();
        start = end + 1;
      }
      keep(chunk.subarray(start));
    },
  };

  function keep(part: Uint8Array): void {
    if (skipping || part.length === 0) return;
    length += part.length;
    parts.push(part);
    if (length <= maxBytes) return;
    skipping = true;
    parts = [];
    handlers.overlong();
  }

  function finish(): void {
    const line = Buffer.concat(parts);
    parts = [];
    length = 0;
    skipping = false;
    if (!line.every(isSpace)) handlers.line(line);
  }
}

const NEWLINE = 0x0a;
const [SPACE, TAB, RETURN] = [0x20, 0x09, 0x0d];

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN;
}
