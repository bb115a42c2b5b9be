import type { TargetFields, TargetPhase } from '../client/client.js';
import { extractHeadline, oneLine, plainText, shortenError } from '../model/plain-text.js';
import type { CliProcess } from './cli-process.js';
import { PHASES } from './options/values.js';

// Text for terminals, logs and reports: removal of escape sequences and log commands, durations, widths and
// columns.

/**
 * Converts a text to one line without colours, links and other escape sequences. Replaces control characters
 * and marks of text direction with U+FFFD.
 */
export function lineText(text: string): string {
  return oneLine(plainText(text).replaceAll('\t', ' '));
}

/**
 * Converts a text to one line of output: {@link lineText} without commands that a CI service executes when
 * they appear in a job's log. A job in a container cannot know where its log goes, so the commands are
 * always removed.
 */
export function terminalText(text: string): string {
  return withoutLogCommands(lineText(text));
}

/** Converts a line of a log like {@link lineText}, but keeps its indentation. A tab becomes four spaces. */
export function logText(text: string): string {
  const plain = plainText(text).replaceAll('\t', '    ');
  const [indentation = ''] = /^ *(?=\S)/.exec(plain) ?? [];
  return indentation + oneLine(plain);
}

/**
 * Converts a value to JSON. `JSON.stringify` escapes only control characters below 32. Control characters
 * above 126, marks of text direction and the start of `##[command]` are escaped too. Parsing the JSON gives
 * the original text.
 *
 * @param indent spaces of indentation. Default: 0, one line
 */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent)
    .replace(UNSAFE, escapeCharacter)
    .replace(LOG_COMMAND, '\\u0023#');
}

const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Start of a command that a CI service executes anywhere in a log line: `##[command]` and `##vso[command]`
 * of GitHub Actions and Azure Pipelines, `##teamcity[command]` of TeamCity.
 */
const LOG_COMMAND = /##(?=\w*\[)/g;

/**
 * Command of GitHub Actions: `::command::` at the start of a line. The white space before it has no line
 * break, since each of many empty lines would be read to the end of all.
 */
const LINE_COMMAND = /^([^\S\n\r\u2028\u2029]*):(?=:)/gm;

/** Disables commands of CI services in a text with a space inside the command marks. */
export function withoutLogCommands(text: string): string {
  return withoutInlineCommands(text).replace(LINE_COMMAND, '$1: ');
}

/** Disables commands within a line, but not at its start, where this program writes a command of its own. */
export function withoutInlineCommands(text: string): string {
  return text.replace(LOG_COMMAND, '# #');
}

/** Whether the environment is that of a CI job, whose output goes into a job log. */
export function isJobLog(env: CliProcess['env']): boolean {
  return env.GITHUB_ACTIONS === 'true' || env.TF_BUILD !== undefined || env.TEAMCITY_VERSION !== undefined;
}

/** Sort key of a phase: phases that need attention come first. */
export function rankOf(phase: TargetPhase): number {
  return PHASES.indexOf(phase);
}

/** One line of plain text about a target: the headline of its error, or its current activity. */
export function statusLine({ phase, state }: TargetFields): string {
  if (state === null) return phase.toLowerCase();
  if (state.__typename !== 'TargetStateTerminated' || state.error === null) return state.summary;
  return extractHeadline(state.error) || state.summary;
}

/** Formats a duration in its two largest units: `0.4s`, `12s`, `3m12s`, `1h02m`, `2d03h`. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 9.95) return `${(Math.round(seconds * 10) / 10).toString()}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}m${twoDigits(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)}h${twoDigits(Math.floor((whole % 3_600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d${twoDigits(Math.floor((whole % 86_400) / 3_600))}h`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

/** Width of a text in terminal columns: two for East Asian characters and emoji, none for accents. */
export function widthOf(text: string): number {
  if (isAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemesOf(text)) width += graphemeWidth(segment);
  return width;
}

/**
 * Part of a text that stays when it is truncated. `ends`: one third of the start and two thirds of the end.
 */
type KeptPart = 'start' | 'end' | 'ends';

/** Pads a text with spaces, or truncates it with an ellipsis, to an exact width. */
export function toWidth(text: string, columns: number, keep: KeptPart = 'start'): string {
  const width = widthOf(text);
  if (width <= columns) return text + ' '.repeat(columns - width);
  if (columns <= 0) return '';
  const room = columns - 1;
  const head = { start: room, end: 0, ends: Math.floor(room / 3) }[keep];
  return toWidth(`${takeStart(text, head)}…${takeEnd(text, room - head)}`, columns);
}

/**
 * Fits the headline of an error into a width. A long one loses first the command before its result, then its
 * start: the cause is at the end.
 */
export function fitError(error: string, columns: number): string {
  const line = terminalText(extractHeadline(error));
  if (widthOf(line) <= columns) return toWidth(line, columns);
  return toWidth(terminalText(shortenError(error, Number.POSITIVE_INFINITY)), columns, 'end');
}

function takeStart(text: string, columns: number): string {
  let room = columns;
  let kept = '';
  for (const { segment } of graphemesOf(text)) {
    room -= graphemeWidth(segment);
    if (room < 0) break;
    kept += segment;
  }
  return kept;
}

function takeEnd(text: string, columns: number): string {
  if (columns <= 0) return '';
  let room = columns;
  let kept = '';
  // Segmenting an error of many kilobytes takes milliseconds, and only its end is needed.
  const end = text.slice(-columns * MAX_UNITS_PER_COLUMN);
  for (const { segment } of [...graphemesOf(end)].reverse()) {
    room -= graphemeWidth(segment);
    if (room < 0) break;
    kept = `${segment}${kept}`;
  }
  return kept;
}

/** UTF-16 code units of the longest usual emoji, which takes two columns, with a reserve. */
const MAX_UNITS_PER_COLUMN = 16;

/** Created on first use: loading the ICU data takes milliseconds, and most commands need no widths. */
let segmenter: Intl.Segmenter | undefined;

function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2;
  return INVISIBLE.test(grapheme) ? 0 : 1;
}

/** Unicode's East Asian Width in the blocks where it is wide, and characters shown as emoji. */
const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
const INVISIBLE = /^[\p{M}\p{Cf}]/u;

/** Formats rows as lines with aligned columns, two spaces apart. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  /** Maximum width of a line; the widest columns are truncated first. Default: unlimited. */
  maxWidth = Number.POSITIVE_INFINITY,
  /** Part of a column's cells that stays when they are truncated. Default: the start. */
  keptPart: (column: number) => KeptPart = () => 'start',
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
  }
  const cap = findCap(widths, maxWidth - GAP.length * (widths.length - 1));
  return rows.map((row) => {
    const line = row
      .map((text, column) => toWidth(text, Math.min(widths[column] ?? 0, cap), keptPart(column)))
      .join(GAP);
    return (widthOf(line) > maxWidth ? toWidth(line, maxWidth) : line).trimEnd();
  });
}

const GAP = '  ';
/** Columns are never narrower, because they would be unreadable. Longer lines are truncated at their end. */
const MIN_WIDTH = 6;

/** Maximum column width: narrow columns keep their width, the others share the remaining room. */
function findCap(widths: readonly number[], room: number): number {
  let left = room;
  for (const [index, width] of widths.toSorted((a, b) => a - b).entries()) {
    const share = Math.floor(left / (widths.length - index));
    if (width > share) return Math.max(MIN_WIDTH, share);
    left -= width;
  }
  return Number.POSITIVE_INFINITY;
}
