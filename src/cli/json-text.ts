/**
 * A value as JSON in which nothing moves a terminal: `JSON.stringify` escapes only the control characters below 32, and
 * those beyond 126 are control characters to some, as are the marks of direction.
 *
 * @param indent spaces of indentation; 0, the default, gives one line
 */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, escaped);
}

const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
