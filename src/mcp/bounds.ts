import { plainText } from '../model/plain-text.js';

/**
 * Length of an answer's JSON in characters. A result carries it twice, as text and as structured content: about 20,000
 * characters, or 7,000 tokens. Clients refuse results above 25,000 tokens.
 */
export const MAX_ANSWER = 10_000;

/** Length of an error message in characters. */
export const MAX_MESSAGE = 2_000;

/** Length of a name, an id or a path in characters. */
export const MAX_NAME = 200;

/** Length of a reason or a summary in characters. */
export const MAX_LINE = 500;

/** Length of an error in characters where one target alone is shown. */
export const MAX_ERROR = 3_000;

/** Room for the note on what was left out, in characters. */
const NOTE_ROOM = 900;

/** Room for the mark in a shortened text, in characters. */
const MARK_ROOM = 45;

/**
 * Plain text of at most `max` characters. Of a longer text the beginning and twice as much of the end stay: a command's error
 * says what happened in its first line or in its last ones, a traceback in its last.
 */
export function bounded(text: string, max: number): string {
  const plain = plainText(text);
  // Half of a surrogate pair takes six characters of JSON, and some clients reject it.
  return shorten(plain, max).replace(/\p{Cs}/gu, '\ufffd');
}

/** As many of the items, from the first on, as an answer has room for next to what is `used`, and not more than `limit`. */
export function takeFitting<T, F>(
  items: readonly T[],
  toFacts: (item: T) => F,
  { used, limit }: { readonly used: unknown; readonly limit: number },
): F[] {
  let room = MAX_ANSWER - NOTE_ROOM - JSON.stringify(used).length;
  const taken: F[] = [];
  for (const item of items.slice(0, limit)) {
    const facts = toFacts(item);
    room -= JSON.stringify(facts).length + 1;
    // One item always fits: its texts are bounded. An empty page would never end.
    if (room < 0 && taken.length > 0) break;
    taken.push(facts);
  }
  return taken;
}

function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = max - MARK_ROOM;
  const head = Math.floor(kept / 3);
  const mark = ` … ${text.length - kept} characters left out … `;
  return `${text.slice(0, head)}${mark}${text.slice(head - kept)}`;
}
