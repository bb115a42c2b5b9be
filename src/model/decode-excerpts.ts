import { DecodeError, field, listOf, nonEmptyString, optionalTime, record, string } from './decode-fields.js';
import type { LogLevel, LogLine, TargetExcerpt } from './log.js';

/** Limits of the excerpts of other publishers. Those of this gateway are below them. */
const MAX_EXCERPTS = 32;
const MAX_LINES = 50;

/** Maximum length of all lines of an excerpt, in characters. Those of this gateway have 8 kB. */
const MAX_CHARACTERS = 65_536;

/** Encodes excerpts as JSON. A line without `target` belongs to the excerpt's target. */
export function encodeExcerpt({
  target,
  startTime,
  finishTime,
  lines,
  omitted,
  isFinal,
}: TargetExcerpt): object {
  return {
    target,
    startTime: startTime ?? undefined,
    finishTime: finishTime ?? undefined,
    lines: lines.map((line) => encodeLine(line, target)),
    ...(omitted > 0 && { omitted }),
    ...(isFinal && { isFinal }),
  };
}

function encodeLine({ time, level, resource, target, styledText }: LogLine, usual: string): object {
  return { time, level, resource, ...(target !== usual && { target }), text: styledText };
}

/** Decodes a list of results of {@link encodeExcerpt}. Throws a `DecodeError`. */
export function decodeExcerpts(value: unknown): readonly TargetExcerpt[] {
  return listOf(Array.isArray(value) ? value.slice(0, MAX_EXCERPTS) : value, 'excerpts', decodeExcerpt);
}

function decodeExcerpt(value: unknown): TargetExcerpt {
  const excerpt = record(value);
  const target = nonEmptyString(excerpt.target, 'target');
  return {
    target,
    startTime: optionalTime(excerpt.startTime, 'startTime'),
    finishTime: optionalTime(excerpt.finishTime, 'finishTime'),
    lines: decodeLines(excerpt.lines, target),
    omitted: decodeCount(excerpt.omitted),
    isFinal: excerpt.isFinal === true,
  };
}

function decodeLines(value: unknown, target: string): readonly LogLine[] {
  const newest: unknown = Array.isArray(value) ? value.slice(-MAX_LINES) : value;
  const lines = listOf(newest, 'lines', (line) => decodeLine(line, target));
  const length = lines.reduce((sum, { styledText }) => sum + styledText.length, 0);
  if (length > MAX_CHARACTERS) {
    throw new DecodeError(`at most ${MAX_CHARACTERS} characters`, length, ['lines']);
  }
  return lines.map((line) => ({ ...line, styledText: keepStyles(line.styledText) }));
}

/** Decodes a line, with every control sequence in its text. */
function decodeLine(value: unknown, usual: string): LogLine {
  const line = record(value);
  return {
    time: optionalTime(line.time, 'time') ?? ZERO_TIME,
    level: LEVELS.find((level) => level === line.level) ?? 'unknown',
    resource: string(line.resource, 'resource'),
    target: line.target === undefined ? usual : field(line.target, 'target', decodeTarget),
    styledText: string(line.text, 'text'),
  };
}

const MAX_COUNT = 2 ** 31 - 1;

const LEVELS: readonly LogLevel[] = ['none', 'debug', 'verbose', 'info', 'warn', 'error'];

/** Go's zero time. Tilt writes a time for each line. */
const ZERO_TIME = '0001-01-01T00:00:00Z';

function decodeTarget(value: unknown): string | null {
  return value === null ? null : nonEmptyString(value, 'target');
}

/** Decodes a lower bound. `Int` of GraphQL has 32 bits. */
function decodeCount(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
    return Math.min(value, MAX_COUNT);
  }
  throw new DecodeError('a whole number of at least 0', value, ['omitted']);
}

/** Other publishers may write any text, which clients print. Only colours and styles (SGR) are kept. */
function keepStyles(text: string): string {
  return text.replace(STYLE_OR_CONTROL, (match) => (match.length > 1 ? match : '\ufffd'));
}

/** An SGR sequence, or a control character except tab, or a mark that changes text direction (UAX 9). */
const STYLE_OR_CONTROL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape character starts the sequence
  /\u001b\[[\d;:]{0,40}m|[^\P{Cc}\t]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
