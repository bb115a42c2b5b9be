import { firstIndexAtOrAfter } from '../lib/binary-search.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { badInput } from './errors.js';
import type { QuerySessionsArgs, ResolversTypes } from './generated.js';
import { compileSessionFilter } from './selection.js';

/** Maximum number of Sessions in a page. */
const MAX_PAGE = 1000;

/**
 * Returns a page of Sessions (Relay's connection specification). A cursor contains an id, and the next page
 * has the ids greater than it: Sessions that appear or disappear do not shift pages.
 */
export function pageOfSessions(
  store: ReadableStore,
  { where, first, after }: QuerySessionsArgs,
): SessionPage {
  const size = first ?? 100;
  if (size < 1 || size > MAX_PAGE) throw badInput(`first: expected 1 to ${MAX_PAGE}, got ${size}.`);
  const matches = compileSessionFilter(where);
  const matching = store
    .ids()
    .map((id) => store.get(id))
    .filter((record): record is SessionRecord => record !== null && matches(record));
  const start = after == null ? 0 : firstAfter(matching, idOf(after));
  const nodes = matching.slice(start, start + size);
  const edges = nodes.map((node) => ({ node, cursor: cursorOf(node.id) }));
  return {
    nodes,
    edges,
    totalCount: matching.length,
    pageInfo: {
      hasNextPage: start + size < matching.length,
      hasPreviousPage: start > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

type SessionPage = Awaited<ResolversTypes['SessionConnection']>;

function firstAfter(records: readonly SessionRecord[], id: string): number {
  const ids = records.map((record) => record.id);
  const index = firstIndexAtOrAfter(ids, id);
  return ids[index] === id ? index + 1 : index;
}

// The prefix distinguishes a cursor from other base64 text.
function cursorOf(id: string): string {
  return Buffer.from(`session:${id}`).toString('base64url');
}

function idOf(cursor: string): string {
  const [, id] = /^session:(.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (id === undefined)
    throw badInput(`after: expected a cursor of this connection, got ${JSON.stringify(cursor)}.`);
  return id;
}
