import { DecodeError } from '../model/decode-fields.js';
import {
  type Checkpoints,
  decodeCheckpoints,
  decodeSegment,
  decodeSpan,
  decodeStartTime,
  type RunFacts,
  type Segment,
  type Span,
} from './hud-message.js';
import {
  OPENING_BRACE,
  parseSlice,
  readList,
  readObject,
  STEP_BYTES,
  type Steps,
  skipSpace,
  skipValue,
  unexpected,
} from './json-bytes.js';
import {
  createSegmentTable,
  LEVEL_MEMBER,
  OTHER_FORM,
  type SegmentPlace,
  type SegmentTable,
  TEXT_MEMBER,
  UNFINISHED,
} from './segment-table.js';

/** The log of a long message, whose segments are not parsed yet. */
export interface ScannedMessage extends RunFacts, Checkpoints {
  readonly segments: SegmentTable;
  /** The spans of the segments that can be read, by id. */
  readonly spans: ReadonlyMap<string, Span>;
  /** Error of the first segment that is not in the table. Others are found when they are parsed. */
  readonly invalid: DecodeError | undefined;
}

/** Members that were found in a message. */
interface Found {
  tiltStartTime?: unknown;
  fromCheckpoint?: unknown;
  toCheckpoint?: unknown;
  /** Start of the spans. They may come after the segments. */
  spans?: number;
  segments?: SegmentTable;
  invalid?: DecodeError;
}

/** Scans a message in steps; null for a message without log. Throws `DecodeError` if it cannot be read. */
export function* scanMessage(bytes: Buffer): Steps<ScannedMessage | null> {
  const found: Found = {};
  const end = yield* readObject(bytes, skipSpace(bytes, 0), (key, start) =>
    key === 'logList' && !isNull(bytes, start)
      ? scanList(bytes, start, found)
      : scan(bytes, key, start, found),
  );
  if (skipSpace(bytes, end) < bytes.length) throw new DecodeError('one object', 'more', ['message']);
  const { segments, invalid } = found;
  const checkpoints = decodeCheckpoints(found.fromCheckpoint, found.toCheckpoint);
  if (segments === undefined || checkpoints === null) return null;
  const tiltStartTime = decodeStartTime(found.tiltStartTime);
  const spans = yield* readSpans(bytes, found.spans, segments);
  return { ...checkpoints, tiltStartTime, segments, spans, invalid };
}

function scanList(bytes: Buffer, from: number, found: Found): Steps<number> {
  return readObject(bytes, from, function* (key, start) {
    if (key === 'segments') return yield* scanSegments(bytes, start, found);
    if (key === 'spans' && bytes[start] === OPENING_BRACE) found.spans = start;
    return yield* scan(bytes, key, start, found);
  });
}

/** Skips a value, and keeps it if it is one of the facts of the message. */
function* scan(bytes: Buffer, key: string, start: number, found: Found): Steps<number> {
  const end = yield* skipValue(bytes, start);
  switch (key) {
    case 'tiltStartTime':
    case 'fromCheckpoint':
    case 'toCheckpoint':
      if (end - start <= MAX_SCALAR) found[key] = parseSlice(bytes, start, end);
  }
  return end;
}

const MAX_SCALAR = 256;

function isNull(bytes: Buffer, start: number): boolean {
  return bytes.toString('latin1', start, start + 4) === 'null';
}

function* scanSegments(bytes: Buffer, from: number, found: Found): Steps<number> {
  const table = createSegmentTable();
  found.segments = table;
  return yield* readList(bytes, from, function* (index, start) {
    let end = table.read(bytes, start);
    while (end === UNFINISHED) {
      yield;
      end = table.resume(bytes);
    }
    return end === OTHER_FORM ? yield* addOther(bytes, index, start, table, found) : end;
  });
}

/** Adds a segment that does not have Tilt's form. One without text, or that cannot be read, is empty. */
function* addOther(
  bytes: Buffer,
  index: number,
  start: number,
  table: SegmentTable,
  found: Found,
): Steps<number> {
  const end = yield* skipValue(bytes, start);
  const segment =
    end - start > STEP_BYTES
      ? new DecodeError(`at most ${STEP_BYTES} bytes`, undefined, ['logList', 'segments', index])
      : decodeSegment(parseSlice(bytes, start, end), index);
  if (segment instanceof DecodeError) found.invalid ??= segment;
  const { span, level, text } = segment instanceof DecodeError ? EMPTY : segment;
  table.add(span, {
    start,
    textStart: 0,
    end: text === '' ? start : end,
    level: level.toUpperCase().charCodeAt(0),
    lineEnds: text.split('\n').length - 1,
    endsLine: text.endsWith('\n'),
  });
  return end;
}

const EMPTY = { span: '', level: 'info', text: '' };

/** Reads the spans of the segments; there may be many others. One that cannot be read is left out. */
function* readSpans(
  bytes: Buffer,
  from: number | undefined,
  { spanIds }: SegmentTable,
): Steps<Map<string, Span>> {
  const spans = new Map<string, Span>();
  if (from === undefined) return spans;
  const needed = new Set(spanIds);
  yield* readObject(bytes, from, function* (id, start) {
    const end = yield* skipValue(bytes, start);
    if (!needed.has(id) || end - start > STEP_BYTES) return end;
    const span = decodeSpan(id, parseSlice(bytes, start, end));
    if (span !== null) spans.set(id, span);
    return end;
  });
  return spans;
}

/** Parses a segment of a table. Returns an error with its field if it cannot be read; null if it is empty. */
export function parseSegment(
  bytes: Buffer,
  table: SegmentTable,
  index: number,
): Segment | DecodeError | null {
  const place = table.get(index);
  if (place.textStart === 0) {
    return place.end === place.start ? null : decodeSegment(parseSlice(bytes, place.start, place.end), index);
  }
  const time = bytes.toString('latin1', place.start, place.textStart - TEXT_MEMBER);
  const text = parseText(bytes, place);
  return decodeSegment(
    { spanId: table.spanIds[place.span], time, text, level: readLevel(bytes, place) },
    index,
  );
}

/** Reads the level after a text; undefined if it is omitted. A level has at most 32 characters. */
function readLevel(bytes: Buffer, { end }: SegmentPlace): string | undefined {
  const [, level] = LEVEL.exec(bytes.toString('latin1', end, end + LEVEL_MEMBER + 33)) ?? [];
  return level;
}

const LEVEL = /^","level":"([^"]*)/;

/** Length of the longest escape in JSON, such as `\u001b`, in bytes. */
const MAX_ESCAPE = 6;

/**
 * Parses a text. Of a long one only the start, since its line would be cut anyway. Throws `DecodeError` if it
 * is no JSON.
 */
function parseText(bytes: Buffer, { textStart, end, endsLine }: SegmentPlace): string {
  if (end - textStart <= STEP_BYTES) return String(parseSlice(bytes, textStart - 1, end + 1));
  // The cut must not be within an escape. A text that is invalid elsewhere fails at every cut, and trying all
  // of them took 4 s.
  for (let cut = textStart + STEP_BYTES; ; cut -= 1) {
    try {
      const text: unknown = JSON.parse(`"${bytes.toString('utf8', textStart, cut)}"`);
      return endsLine ? `${text}\n` : String(text);
    } catch {
      if (cut <= textStart + STEP_BYTES - MAX_ESCAPE) throw unexpected(bytes, textStart);
    }
  }
}
