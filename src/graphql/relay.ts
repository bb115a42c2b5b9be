import { firstIndexAtOrAfter } from '../lib/binary-search.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { badInput } from './errors.js';
import type { QuerySessionsArgs, ResolversTypes } from './generated.js';
import { compileSessionFilter } from './selection.js';

// Relay's specifications of nodes and connections.

/** Object with an id that is unique in the gateway. */
type NodeRecord = SessionRecord | SessionRecord['status']['targets'][number];

/** Returns the name of a node's type in the schema. */
export function typeOfNode(node: NodeRecord): 'Session' | 'Target' {
  return 'metadata' in node ? 'Session' : 'Target';
}

/** Number of `#` in an id that are tried as the separator of Session id and target name. */
const MAX_PLACES = 16;

/**
 * Finds the object with an id: a Session id, or `<session id>#<target name>`. Returns null if it does not
 * exist.
 */
export function findNode(store: ReadableStore, id: string): NodeRecord | null {
  const session = store.get(id);
  if (session) return session;
  // Names of targets and instances may contain a #, so each one is tried as the separator, up to a limit:
  // each try is a look-up.
  let hash = id.indexOf('#');
  for (let tried = 0; hash >= 0 && tried < MAX_PLACES; tried += 1, hash = id.indexOf('#', hash + 1)) {
    const target = store.get(id.slice(0, hash))?.status.targets.find((candidate) => candidate.id === id);
    if (target) return target;
  }
  return null;
}

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
