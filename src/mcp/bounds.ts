import { z } from 'zod';
import { plainText } from '../model/plain-text.js';

/**
 * Maximum length of an answer's JSON in characters. A result carries the JSON twice, as text and as
 * structured content: about 20,000 characters, or 7,000 tokens. Clients reject results above 25,000 tokens.
 */
export const MAX_ANSWER = 10_000;

/** Maximum length of an error message in characters. */
export const MAX_MESSAGE = 2_000;

/** Maximum length of a name, an id or a path in characters. */
export const MAX_NAME = 200;

/** Maximum length of a reason or a summary in characters. */
export const MAX_LINE = 500;

/** Maximum length of the error of a single target in characters. */
export const MAX_ERROR = 3_000;

/** Characters reserved for the note about omitted items. */
const NOTE_ROOM = 900;

/** Characters reserved for the mark in a shortened text. */
const MARK_ROOM = 45;

/**
 * Truncates a text to `max` characters of plain text. Keeps the beginning, and twice as much of the end: the
 * error of a command has its cause in the first line or the last ones, a traceback in the last one.
 */
export function truncate(text: string, max: number): string {
  const plain = plainText(text);
  // Half of a surrogate pair takes six characters of JSON, and some clients reject it.
  return shorten(plain, max).replace(/\p{Cs}/gu, '\ufffd');
}

interface Room {
  /** Characters of JSON. */
  readonly characters: number;
  /** Characters of these that only the first item may use. Default: 0. */
  readonly reserved?: number | undefined;
  /** Number of items that are taken even if they do not fit. Default: 0. */
  readonly min?: number;
}

/** Takes the first items whose JSON fits. */
export function takeFitting<T, F>(
  items: readonly T[],
  toFacts: (item: T) => F,
  { characters, reserved = 0, min = 0 }: Room,
): F[] {
  let room = characters;
  const taken: F[] = [];
  for (const item of items) {
    const facts = toFacts(item);
    room -= JSON.stringify(facts).length + 1;
    const isFitting = room >= (taken.length === 0 ? 0 : reserved);
    if (!isFitting && taken.length >= min) break;
    taken.push(facts);
  }
  return taken;
}

function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = max - MARK_ROOM;
  const head = Math.floor(kept / 3);
  const mark = ` … ${text.length - kept} characters omitted … `;
  return `${text.slice(0, head)}${mark}${text.slice(head - kept)}`;
}

/** Input: page of a list. */
export const pageInput = {
  limit: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Maximum number of items. Default: as many as fit'),
  after: z.string().optional().describe('Only items after this cursor: more.after of the previous answer'),
};

/** Schema of the note about omitted items. */
export const moreFacts = z
  .object({
    omitted: z.number().describe('Number of omitted items'),
    after: z.string().optional().describe('Cursor of the next page'),
    hint: z.string().describe('How to request them'),
  })
  .optional()
  .describe('Present when items were omitted');

/** First items of a list, and a note about the omitted ones. */
interface Page<F> {
  readonly facts: F[];
  readonly more: z.infer<typeof moreFacts>;
}

interface PageOptions<T, F> {
  readonly toFacts: (item: T) => F;
  /** Other content of the answer. */
  readonly used?: unknown;
  /** Characters to leave for content that follows the first item. Default: 0. */
  readonly reserved?: number | undefined;
  readonly limit?: number | undefined;
  /** How to request the omitted items. */
  readonly hint: string;
}

/**
 * Takes the first items that fit into an answer.
 *
 * @param min number of items that are taken even if they do not fit
 */
export function firstPage<T, F>(items: readonly T[], options: PageOptions<T, F>, min = 0): Page<F> {
  const { toFacts, used = null, reserved, limit = items.length, hint } = options;
  const characters = MAX_ANSWER - NOTE_ROOM - JSON.stringify(used).length;
  const facts = takeFitting(items.slice(0, limit), toFacts, { characters, reserved, min });
  const omitted = items.length - facts.length;
  return { facts, more: omitted === 0 ? undefined : { omitted, hint } };
}

/** Takes the items after a cursor that fit into an answer. The items are sorted by their keys. */
export function pageAfter<T, F>(
  items: readonly T[],
  options: PageOptions<T, F> & {
    readonly after: string | undefined;
    readonly keyOf: (item: T) => string;
    /** Order of the keys. Default: by code unit. */
    readonly compare?: (a: string, b: string) => number;
  },
): Page<F> {
  const { after, keyOf, compare = compareCodeUnits } = options;
  const rest = after === undefined ? items : items.slice(findPositionAfter(items.map(keyOf), after, compare));
  // One item fits, because its texts are truncated. An empty page would never end.
  const { facts, more } = firstPage(rest, options, 1);
  const last = rest[facts.length - 1];
  if (more === undefined || last === undefined) return { facts, more };
  return { facts, more: { ...more, after: cursorOf(keyOf(last)) } };
}

/** Position after a cursor. If its item is gone, the position of the first item with a greater key. */
function findPositionAfter(
  keys: readonly string[],
  after: string,
  compare: (a: string, b: string) => number,
): number {
  const exact = keys.indexOf(after);
  if (exact >= 0) return exact + 1;
  const next = keys.findIndex((key) => compare(key, after) > 0);
  return next < 0 ? keys.length : next;
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Cursor of a key: the key itself, or for a very long key a value after all keys with the same beginning. */
function cursorOf(key: string): string {
  return key.length <= MAX_NAME ? key : `${key.slice(0, MAX_NAME)}\uffff`;
}
