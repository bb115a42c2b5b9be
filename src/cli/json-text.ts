import { LOG_COMMAND } from './log-commands.js';

/**
 * A value as JSON in which nothing moves a terminal or commands a CI service: `JSON.stringify` escapes only the control
 * characters below 32. Those beyond 126, the marks of text direction and the start of `##[command]` are escaped as well, so
 * a reader of the JSON gets the same text.
 *
 * @param indent spaces of indentation; 0, the default, gives one line
 */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, escaped).replace(LOG_COMMAND, '\\u0023#');
}

const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
