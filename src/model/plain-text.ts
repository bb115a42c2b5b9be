import stripAnsi from 'strip-ansi';

/**
 * Text of Tilt's (an error, a name, a wait reason) without what a terminal or another program would interpret: colours,
 * cursor movements, titles and links (ANSI, OSC) are removed, carriage returns become line breaks, and any other control
 * character and marks of text direction become U+FFFD. Words, tabs and line breaks stay.
 */
export function plainText(text: string): string {
  // Nearly every text is plain already, and this is asked of each target that is shown.
  if (!UNSAFE.test(text)) return text;
  return stripAnsi(text).replace(/\r\n?/g, '\n').replace(ALL_UNSAFE, '\ufffd');
}

/**
 * The line of an error that says what happened. Starlark ends a traceback with its message, so a Tiltfile's error is its
 * last line; a command's error is a single line as a rule, and its first line otherwise.
 */
export function headlineOf(error: string): string {
  const lines = plainText(error)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const isTraceback = lines.some((line) => line.startsWith('Traceback '));
  return (isTraceback ? lines.at(-1) : lines[0]) ?? '';
}

/** Control characters but for tab and line break, and the marks that turn the direction of what follows (UAX 9). */
const UNSAFE = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const ALL_UNSAFE = new RegExp(UNSAFE, 'gu');
