import {
  BACKSLASH,
  endsWithBreak,
  findPlainEnd,
  isSame,
  LETTER_N,
  QUOTE,
  STEP_BYTES,
  skipMembers,
  startsWith,
} from './json-bytes.js';

/** A segment of a message, by its place in the bytes. */
export interface SegmentPlace {
  /** Number of its span. */
  readonly span: number;
  /** Start of its time, or of the whole segment if it has another form than Tilt writes. */
  readonly start: number;
  /** Start of its text; 0 in another form. */
  readonly textStart: number;
  /** End of its text, or of the whole segment. */
  readonly end: number;
  /** First letter of its level (ASCII). */
  readonly level: number;
  /** Number of line breaks in its text. */
  readonly lineEnds: number;
  /** Whether its text ends with a line break. */
  readonly endsLine: boolean;
}

/**
 * The segments of a message, by their place in its bytes: 24 bytes for each. Few of them are parsed, since of
 * a burst only the newest lines are kept.
 */
export interface SegmentTable {
  readonly size: number;
  /** Ids of the spans, by number. */
  readonly spanIds: readonly string[];
  /**
   * Adds the segment at an index. Returns the index after it, `OTHER_FORM` if it does not have the form that
   * Tilt writes, or `UNFINISHED` if it is long: `resume` continues then, with the same results.
   */
  read(bytes: Buffer, from: number): number;
  resume(bytes: Buffer): number;
  /** Adds a segment of another form. */
  add(span: string, place: Omit<SegmentPlace, 'span'>): void;
  get(index: number): SegmentPlace;
}

/** Result of `read` for a segment that does not have the form that Tilt writes. */
export const OTHER_FORM = -1;
/** Result of `read` for a long segment, of which only a part was read. */
export const UNFINISHED = -2;

// The form that Tilt writes: {"spanId":"…","time":"…","text":"…","level":"…",…}
const SPAN = Buffer.from('{"spanId":"');
const TIME_ONLY = Buffer.from('{"time":"');
const TIME = Buffer.from('","time":"');
const TEXT = Buffer.from('","text":"');
const LEVEL = Buffer.from('","level":"');

/** Bytes between the end of a time and the start of the text. */
export const TEXT_MEMBER = TEXT.length;
/** Bytes between the end of a text and the start of the level. */
export const LEVEL_MEMBER = LEVEL.length;

const INFO = 'I'.charCodeAt(0);
const COLUMNS = 6;

/** Creates an empty table. */
export function createSegmentTable(): SegmentTable {
  const spans = createSpanNumbers();
  let cells = new Uint32Array(COLUMNS * 256);
  let size = 0;
  // The segment that is being read.
  let span = 0;
  let start = 0;
  let textStart = 0;
  let textAt = 0;
  let lineEnds = 0;

  return {
    get size() {
      return size;
    },
    spanIds: spans.ids,
    read(bytes, from) {
      if (startsWith(bytes, from, SPAN)) {
        const id = from + SPAN.length;
        const end = findPlainEnd(bytes, id);
        if (end < 0 || !startsWith(bytes, end, TIME)) return OTHER_FORM;
        span = spans.find(bytes, id, end);
        start = end + TIME.length;
      } else if (startsWith(bytes, from, TIME_ONLY)) {
        span = spans.add('');
        start = from + TIME_ONLY.length;
      } else return OTHER_FORM;
      const end = findPlainEnd(bytes, start);
      if (end < 0 || !startsWith(bytes, end, TEXT)) return OTHER_FORM;
      textStart = textAt = end + TEXT.length;
      lineEnds = 0;
      return readText(bytes);
    },
    resume: readText,
    add(id, place) {
      push(spans.add(id), place);
    },
    get(index) {
      const at = index * COLUMNS;
      const flags = cells[at + 4] ?? 0;
      return {
        span: cells[at] ?? 0,
        start: cells[at + 1] ?? 0,
        textStart: cells[at + 2] ?? 0,
        end: cells[at + 3] ?? 0,
        level: flags & 0xff,
        endsLine: flags > 0xff,
        lineEnds: cells[at + 5] ?? 0,
      };
    },
  };

  function readText(bytes: Buffer): number {
    const limit = textAt + STEP_BYTES;
    for (; textAt < limit; textAt += 1) {
      const byte = bytes[textAt];
      if (byte === QUOTE) return readLevel(bytes, textAt);
      if (byte !== BACKSLASH) continue;
      textAt += 1;
      if (bytes[textAt] === LETTER_N) lineEnds += 1;
    }
    return textAt < bytes.length ? UNFINISHED : OTHER_FORM;
  }

  function readLevel(bytes: Buffer, end: number): number {
    let level = INFO;
    let at = end + 1;
    if (startsWith(bytes, end, LEVEL)) {
      level = bytes[end + LEVEL.length] ?? INFO;
      const levelEnd = findPlainEnd(bytes, end + LEVEL.length);
      if (levelEnd < 0) return OTHER_FORM;
      at = levelEnd + 1;
    }
    at = skipMembers(bytes, at);
    if (at < 0) return OTHER_FORM;
    push(span, { start, textStart, end, level, lineEnds, endsLine: endsWithBreak(bytes, textStart, end) });
    return at;
  }

  function push(number: number, place: Omit<SegmentPlace, 'span'>): void {
    if ((size + 1) * COLUMNS > cells.length) {
      const more = new Uint32Array(cells.length * 2);
      more.set(cells);
      cells = more;
    }
    const at = size * COLUMNS;
    cells[at] = number;
    cells[at + 1] = place.start;
    cells[at + 2] = place.textStart;
    cells[at + 3] = place.end;
    cells[at + 4] = (place.level & 0xff) + (place.endsLine ? 0x100 : 0);
    cells[at + 5] = place.lineEnds;
    size += 1;
  }
}

/** Ids of spans by number. */
interface SpanNumbers {
  readonly ids: readonly string[];
  /** Returns the number of an id. */
  add(id: string): number;
  /** Returns the number of the id between two indices of a message. */
  find(bytes: Buffer, start: number, end: number): number;
}

/** Numbers the ids of spans. Most segments have the span of the previous one. */
function createSpanNumbers(): SpanNumbers {
  const ids: string[] = [];
  const numbers = new Map<string, number>();
  let lastStart = 0;
  let lastEnd = 0;
  let last = -1;

  return {
    ids,
    add,
    find(bytes, start, end) {
      if (last < 0 || !isSame(bytes, start, end, lastStart, lastEnd)) {
        last = add(bytes.toString('utf8', start, end));
      }
      lastStart = start;
      lastEnd = end;
      return last;
    },
  };

  function add(id: string): number {
    const known = numbers.get(id);
    if (known !== undefined) return known;
    ids.push(id);
    numbers.set(id, ids.length - 1);
    return ids.length - 1;
  }
}
