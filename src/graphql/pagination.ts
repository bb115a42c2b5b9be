import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { firstNotBelow } from '../store/sorted.js';
import { badInput } from './errors.js';
import { compileSessionFilter } from './filter.js';
import type { QuerySessionsArgs, ResolversTypes } from './generated.js';

/** How many Sessions a page holds at most. */
const MAX_PAGE = 1000;

/**
 * A page of Sessions (Relay's connection specification). A cursor is the id it stands at, so that Sessions which come
 * and go meanwhile shift nothing: the next page is "ids greater than this one", whether or not this one is still there.
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
  const index = firstNotBelow(ids, id);
  return ids[index] === id ? index + 1 : index;
}

// The prefix tells a cursor from any other text that happens to be base64.
function cursorOf(id: string): string {
  return Buffer.from(`session:${id}`).toString('base64url');
}

function idOf(cursor: string): string {
  const [, id] = /^session:(.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (id === undefined)
    throw badInput(`after: expected a cursor of this connection, got ${JSON.stringify(cursor)}.`);
  return id;
}
