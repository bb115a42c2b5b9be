import type { Excerpt } from '../client/excerpts.js';
import { shorten } from '../model/plain-text.js';
import { lineText } from './text.js';

/** Longest last line, in characters. */
const MAX_LENGTH = 300;

/** Returns the last line of an excerpt that has a letter or a digit. Null without such a line. */
export function findLastLine(excerpt: Excerpt | undefined): string | null {
  const last = excerpt?.lines.findLast(({ text }) => /[\p{L}\p{N}]/u.test(text));
  return last === undefined ? null : shorten(lineText(last.text), MAX_LENGTH);
}
