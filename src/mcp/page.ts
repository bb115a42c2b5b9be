import { z } from 'zod';
import { MAX_NAME, takeFitting } from './bounds.js';

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
export interface Page<F> {
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
