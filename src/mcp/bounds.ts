import { z } from 'zod';
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
function takeFitting<T, F>(
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

/** Which page of a list to answer with. */
export const pageInput = {
  limit: z.number().int().min(1).max(1_000).optional().describe('At most this many. Default: as many as fit'),
  after: z.string().optional().describe('Only those after this cursor: more.after of the answer before'),
};

/** What an answer leaves out. */
export const moreFacts = z
  .object({
    leftOut: z.number().describe('How many were left out'),
    after: z.string().optional().describe('Cursor of the next page'),
    ask: z.string().describe('How to ask for them'),
  })
  .optional()
  .describe('Present when something was left out');

/** The start of a list, as far as it fits, and what is missing. */
interface Page<F> {
  readonly facts: F[];
  readonly more: z.infer<typeof moreFacts>;
}

interface PageOptions<T, F> {
  readonly toFacts: (item: T) => F;
  /** What else the answer contains. */
  readonly used?: unknown;
  readonly limit?: number | undefined;
  /** How to ask for the rest. */
  readonly ask: string;
}

/** The first items, as far as an answer has room for them. */
export function firstPage<T, F>(items: readonly T[], options: PageOptions<T, F>): Page<F> {
  const { toFacts, used = null, limit = items.length, ask } = options;
  const facts = takeFitting(items, toFacts, { used, limit });
  const leftOut = items.length - facts.length;
  return { facts, more: leftOut === 0 ? undefined : { leftOut, ask } };
}

/** The items after a cursor, as far as an answer has room for them. The items are in the order of their keys. */
export function pageAfter<T, F>(
  items: readonly T[],
  options: PageOptions<T, F> & { readonly after: string | undefined; readonly keyOf: (item: T) => string },
): Page<F> {
  const { after, keyOf } = options;
  const rest = after === undefined ? items : items.slice(positionAfter(items.map(keyOf), after));
  const { facts, more } = firstPage(rest, options);
  const last = rest[facts.length - 1];
  if (more === undefined || last === undefined) return { facts, more };
  return { facts, more: { ...more, after: cursorOf(keyOf(last)) } };
}

/** The item with the cursor may be gone: then the page begins with the first one behind its place. */
function positionAfter(keys: readonly string[], after: string): number {
  const exact = keys.indexOf(after);
  if (exact >= 0) return exact + 1;
  const next = keys.findIndex((key) => key > after);
  return next < 0 ? keys.length : next;
}

/** Longer than every name that Tilt makes, so that a cursor is a name. Beyond that, it is behind all that begin alike. */
function cursorOf(key: string): string {
  return key.length <= MAX_NAME ? key : `${key.slice(0, MAX_NAME)}\uffff`;
}
