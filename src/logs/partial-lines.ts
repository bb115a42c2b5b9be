import type { Segment } from './hud-message.js';

// Lines of which a part is missing: their end, which has not arrived yet, or their start, which is in a gap.

/**
 * Text of a line that has not ended. A carriage return returns to its start: only the text after the last one
 * is kept, as a terminal shows a progress bar. The result is the same in however many parts the text arrives.
 */
export interface UnfinishedLine {
  readonly text: string;
  /** Whether the text is longer than the limit. Its end is missing. */
  readonly isCut: boolean;
  add(part: string): void;
}

/** Creates an empty line of at most `maxLength` UTF-16 units. */
export function createUnfinishedLine(maxLength: number): UnfinishedLine {
  let text = '';
  let isCut = false;
  let isAtStart = false;

  return {
    get text() {
      return text;
    },
    get isCut() {
      return isCut;
    },
    add(part) {
      const content = trimReturns(part);
      if (content !== '') {
        const start = content.lastIndexOf('\r') + 1;
        if (start > 0 || isAtStart) replace(content.slice(start));
        else if (!isCut) extend(content);
        isAtStart = false;
      }
      if (content.length < part.length) isAtStart = true;
    },
  };

  function replace(content: string): void {
    text = '';
    isCut = false;
    extend(content);
  }

  function extend(content: string): void {
    isCut = text.length + content.length > maxLength;
    text += copy(isCut ? content.slice(0, maxLength - text.length) : content);
  }
}

/**
 * Copies a text. V8 would keep a whole segment alive for its last part. UTF-16, because a part may end within
 * a surrogate pair.
 */
function copy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

function trimReturns(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === RETURN) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

const RETURN = 13;

/**
 * Finds the segments after a gap that may be the rest of a line whose start is in the gap. Tilt divides lines
 * into segments where a command has written a part of a line, and drops segments without regard to lines.
 *
 * It may be the first segment of a span in the message after the gap. A span without a segment there has
 * written nothing in the part of the log that Tilt has kept, about 1 MB; its line continues only if it was
 * unfinished before the gap.
 */
export interface Continuations {
  /** Begins the message after a gap. The lines of these spans were unfinished. */
  begin(unfinished: Iterable<string>): void;
  /** Whether a segment may continue a line. At most one segment of each span does. */
  isPossible(segment: Segment): boolean;
  /** Segments of other spans precede the next one. */
  skip(): void;
  /** The next segment of a span starts a line. */
  exclude(span: string): void;
  /** Ends the message after the gap. */
  end(): void;
  /** Forgets the gap. */
  clear(): void;
}

/** Maximum number of spans with an unfinished line at a gap. Above it, the oldest one is forgotten. */
const MAX_UNFINISHED = 256;

/** Creates the state without a gap. */
export function createContinuations(): Continuations {
  const unfinished = new Set<string>();
  /** Spans of the message after the gap whose first segment was read; null in other messages. */
  let started: Set<string> | null = null;
  let isFirst = false;

  return {
    begin(spans) {
      started = new Set();
      isFirst = true;
      for (const span of spans) unfinished.add(span);
      for (const span of unfinished) if (unfinished.size > MAX_UNFINISHED) unfinished.delete(span);
    },
    isPossible({ span, level }) {
      if (started === null) return unfinished.size > 0 && unfinished.delete(span);
      // A warning or error ends where another span follows. That is only unknown for the first segment.
      const isMessage = !isFirst && (level === 'warn' || level === 'error');
      isFirst = false;
      const isNew = !started.has(span);
      started.add(span);
      return (unfinished.delete(span) || isNew) && !isMessage;
    },
    skip() {
      isFirst = false;
    },
    exclude(span) {
      unfinished.delete(span);
      started?.add(span);
    },
    end() {
      started = null;
    },
    clear() {
      unfinished.clear();
      started = null;
    },
  };
}
