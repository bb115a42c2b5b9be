import type { Excerpt } from '../client/excerpts.js';
import { truncate } from './bounds.js';

/** Maximum length of a line of a log in characters. */
export const MAX_LOG_LINE = 300;

/** Size of the end of a log. */
export interface LogRoom {
  readonly lines: number;
  readonly characters: number;
}

/** The last lines of a log, oldest first, and the number of earlier ones. */
export interface LastLines {
  readonly lines: string[];
  readonly omitted: number;
}

/** Takes the last lines of an excerpt that fit. */
export function toLastLines({ lines: all, omitted }: Excerpt, room: LogRoom): LastLines {
  const lines: string[] = [];
  let characters = 0;
  for (const { text } of all.slice(-room.lines).reverse()) {
    const line = truncate(text, MAX_LOG_LINE).trimEnd();
    if (line === '' && lines.length === 0) continue;
    characters += line.length;
    if (characters > room.characters && lines.length > 0) break;
    lines.unshift(line);
  }
  return { lines, omitted: omitted + all.length - lines.length };
}
