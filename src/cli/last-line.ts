import type { Excerpt } from '../client/excerpts.js';
import { lineText } from './text.js';

/** Longest last line, in characters. */
const MAX_LENGTH = 300;

/** Returns the last line of an excerpt that has a letter or a digit. Null without such a line. */
export function findLastLine(excerpt: Excerpt | undefined): string | null {
  const last = excerpt?.lines.findLast(({ text }) => /[\p{L}\p{N}]/u.test(text));
  return last === undefined ? null : shorten(lineText(last.text), MAX_LENGTH);
}

/** Truncates a line with an ellipsis to a number of characters. */
export function shorten(line: string, length: number): string {
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
