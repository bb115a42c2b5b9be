const ESCAPE = '\\u001b';

/**
 * Removes the control sequences of a line except those that set colors and styles (SGR). Cursor movements,
 * titles, hyperlinks and other controls are removed; tabs stay; other white space that breaks lines becomes a
 * space; marks of text direction become U+FFFD. A line that ends styled gets a reset, so that its style does
 * not continue in the next one. Runs in linear time.
 */
export function cleanStyles(text: string): string {
  if (!CONTROL.test(text)) return text;
  const clean = text
    .replace(SEQUENCE, (_, style: string | undefined) =>
      style !== undefined && STYLE.test(style) ? `\u001b[${style}m` : '',
    )
    .replace(LINE_BREAK, ' ')
    .replace(DIRECTION, '\ufffd');
  const end = clean.lastIndexOf('\u001b[');
  return end < 0 || RESET.test(clean.slice(end)) ? clean : `${clean}\u001b[0m`;
}

/** Removes the styles of a text that `cleanStyles` returned. */
export function removeStyles(text: string): string {
  return text.includes('\u001b') ? text.replace(SGR, '') : text;
}

/** Splits a text into plain parts, each with the style that follows it. */
export function splitStyles(text: string): { readonly plain: string; readonly style: string }[] {
  const parts = text.split(PARTS);
  return parts.flatMap((plain, index) => (index % 2 === 0 ? [{ plain, style: parts[index + 1] ?? '' }] : []));
}

/** A style in a text that `cleanStyles` returned. */
const SGR = new RegExp(`${ESCAPE}\\[[\\d;:]*m`, 'g');

const RESET = new RegExp(`^${ESCAPE}\\[0?m`);

/** Parameters that every terminal reads: numbers of at most three digits. */
const STYLE = /^(?:\d{1,3}(?:[;:]\d{1,3}){0,15})?$/;

/** Characters that have to be removed or replaced. */
const CONTROL = /[^\P{Cc}\t]|[\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/**
 * A control sequence (ECMA-48) or a control character. Group 1: the parameters of a style. In order: a style,
 * another sequence, a string with its end (title, hyperlink), another escape. The sets before an end exclude
 * everything that begins a sequence (the escape and C1), so that a part of a text is read for one start only.
 */
const SEQUENCE = new RegExp(
  [
    String.raw`(?:\u001b\[|\u009b)([\d;:]*)m`,
    String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]`,
    String.raw`(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0080-\u009f]*(?:\u0007|\u001b\\|\u009c)`,
    String.raw`\u001b[ -/]*[0-~]`,
    String.raw`[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]`,
  ].join('|'),
  'g',
);

const LINE_BREAK = /[\n-\r\u0085\u2028\u2029]/g;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Cuts a text to a number of bytes in UTF-8, with "…" at its end. A surrogate pair or a style is never cut in
 * half, and a style that is left is reset.
 */
export function cutText(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const rest = maxBytes - Buffer.byteLength('…\u001b[0m');
  let end = 0;
  let bytes = 0;
  for (const { plain, style } of splitStyles(text)) {
    for (const part of [...plain, style]) {
      bytes += Buffer.byteLength(part);
      if (bytes > rest) return `${text.slice(0, end)}…${text.includes('\u001b') ? '\u001b[0m' : ''}`;
      end += part.length;
    }
  }
  return text;
}

const PARTS = new RegExp(`(${SGR.source})`);
