import { oneLine } from '../model/one-line.js';

/**
 * A text from outside as one line that a terminal can be shown: names and errors may hold escape sequences, which would
 * move its cursor, set its title or type for its user, and marks that turn the direction of what follows.
 */
export function terminalText(text: string): string {
  return oneLine(text.replace(/\t/g, ' ')).replace(UNSAFE, picture);
}

/** Control characters, C1 ones too, and the marks of direction. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Unicode has pictures of the first 32 control characters; others show as what cannot be shown. */
function picture(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? '\u2421' : '\ufffd';
}
