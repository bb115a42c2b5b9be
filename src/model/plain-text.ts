import stripAnsi from 'strip-ansi';

/**
 * Removes what a terminal or another program would interpret from a text of Tilt (an error, a name, a wait
 * reason). Colors, cursor movements, titles and hyperlinks (ANSI, OSC) are removed, carriage returns become
 * line breaks, and other control characters and marks of text direction become U+FFFD. Words, tabs and line
 * breaks stay.
 */
export function plainText(text: string): string {
  // Nearly every text is plain already, and this runs for each target that is shown.
  if (!UNSAFE.test(text)) return text;
  return stripAnsi(text).replace(/\r\n?/g, '\n').replace(ALL_UNSAFE, '\ufffd');
}

/** Truncates a text to `length` characters. The last one is an ellipsis if the text was longer. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Joins at most `max` names and counts the others: `a, b and 3 more`. */
export function joinNames(names: readonly string[], max: number): string {
  const more = names.length - max;
  return `${names.slice(0, max).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * Extracts the line of an error that names the cause. Starlark ends a traceback with its message, so the
 * cause of a Tiltfile error is the last line. The error of a command is usually a single line; otherwise its
 * first line counts.
 */
export function extractHeadline(error: string): string {
  const lines = plainText(error)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const isTraceback = lines.some((line) => line.startsWith('Traceback '));
  return (isTraceback ? lines.at(-1) : lines[0]) ?? '';
}

/**
 * Joins the lines of a text into one line. Names, errors and files from outside may contain line breaks, and
 * a log or a terminal would show the rest as a line of its own. Empty for a text without content.
 */
export function oneLine(text: string): string {
  const lines = text.split(LINE_BREAKS).map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}

/** The first line of a cluster's error. A first line that ends with a colon introduces the next one. */
export function clusterErrorLine(error: string): string {
  const [first = '', next = ''] = plainText(error)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return first.endsWith(':') ? `${first} ${next}`.trim() : first;
}

/** Longest error in a description, in characters. */
const MAX_ERROR = 80;

/** Tilt puts the whole command in front of its result (`Command "…" failed: exit status 4`). */
const COMMAND = /^Command ".*" failed: /s;

/** Extracts the informative end of an error, on one line: without the command, and cut at its start. */
export function shortenError(error: string, maxLength = MAX_ERROR): string {
  const line = oneLine(extractHeadline(plainText(error).replace(COMMAND, '')));
  return line.length > maxLength ? `…${line.slice(1 - maxLength)}` : line;
}

/** Longest reason of a verdict in a list, in characters, and the part of it that names the target. */
const MAX_LIST_REASON = 140;
const REASON_START = 40;

/**
 * Shortens the reason of a verdict (`unit:update: Command "…" failed: exit status 4`): after a name without
 * the command, and cut in the middle, so that the name at its start and the informative end stay.
 */
export function shortenReason(reason: string): string {
  const line = withoutCommand(oneLine(plainText(reason)));
  if (line.length <= MAX_LIST_REASON) return line;
  return `${line.slice(0, REASON_START)}…${line.slice(REASON_START + 1 - MAX_LIST_REASON)}`;
}

/**
 * Removes the command after a name. The regular expression `^(.+?: )Command ".*" failed: ` does the same, but
 * takes quadratic time: a second for 100 kB.
 */
function withoutCommand(line: string): string {
  const start = line.indexOf(COMMAND_START, 1);
  const end = line.lastIndexOf(COMMAND_END);
  if (start < 0 || end < start + COMMAND_START.length) return line;
  return `${line.slice(0, start)}: ${line.slice(end + COMMAND_END.length)}`;
}

const COMMAND_START = ': Command "';
const COMMAND_END = '" failed: ';

/** Control characters except tab and line break, and the marks that change text direction (UAX 9). */
const UNSAFE = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const ALL_UNSAFE = new RegExp(UNSAFE, 'gu');

/** All line breaks of Unicode (UAX 14), more than `\s` and `.` of a regular expression cover. */
const LINE_BREAKS = /[\n\v\f\r\u0085\u2028\u2029]+/;
