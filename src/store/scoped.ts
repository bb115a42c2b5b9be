import type { SessionId } from '../model/session.js';
import type { Revision } from './journal.js';
import type { ConnectionStatus, SessionRecord } from './record.js';
import type { SourceStatus } from './source-table.js';
import type { Store } from './store.js';

/** The read-only part of a store. */
export type ReadableStore = Pick<
  Store,
  | 'revision'
  | 'ready'
  | 'get'
  | 'log'
  | 'ids'
  | 'sources'
  | 'cursor'
  | 'since'
  | 'historySince'
  | 'cursorOf'
  | 'catchUp'
  | 'subscribe'
  | 'onLog'
>;

/**
 * Creates a view of a store that contains only some instances. The Sessions of the others, and what is known
 * of them through their sources, do not exist in it. Cursors are those of the whole store.
 */
export function scopedStore(store: ReadableStore, isVisible: (instance: string) => boolean): ReadableStore {
  let allIds: readonly string[] = [];
  let visibleIds: readonly string[] = [];
  let visibleSources: { readonly revision: number; readonly list: SourceStatus[] } | null = null;

  return {
    get revision() {
      return store.revision;
    },
    get ready() {
      return store.ready;
    },
    get(id) {
      const record = store.get(id);
      return record && isVisible(record.instance) ? record : null;
    },
    log(id) {
      const record = store.get(id);
      return record && isVisible(record.instance) ? store.log(id) : null;
    },
    ids: listIds,
    sources() {
      const { revision } = store;
      if (visibleSources?.revision !== revision) visibleSources = { revision, list: listSources() };
      return visibleSources.list;
    },
    cursor: () => store.cursor(),
    since: (cursor, id, concerns) =>
      store.since(cursor, id, concerns ?? isVisibleId)?.filter(isVisibleRevision) ?? null,
    historySince(cursor) {
      const history = store.historySince(cursor);
      if (history === null) return null;
      const { at, after } = history;
      return { at: at && isVisibleRevision(at) ? at : null, after: after.filter(isVisibleRevision) };
    },
    cursorOf: (revision) => store.cursorOf(revision),
    catchUp: (cursor) => store.catchUp(cursor),
    subscribe: (listener, id) =>
      store.subscribe((revision) => {
        if (isVisibleRevision(revision)) listener(revision);
      }, id),
    onLog: (listener) =>
      store.onLog((id) => {
        if (isVisibleId(id)) listener(id);
      }),
  };

  function listIds(): readonly string[] {
    const ids = store.ids();
    if (ids !== allIds) {
      allIds = ids;
      visibleIds = ids.filter((id) => isVisible(store.get(id)?.instance ?? ''));
    }
    return visibleIds;
  }

  function listSources(): SourceStatus[] {
    const records = listIds().flatMap((id) => store.get(id) ?? []);
    return scopeSources(store.sources(), records, isVisible);
  }

  /** By its id, because a Session that was deleted has no record. */
  function isVisibleId(id: SessionId): boolean {
    const record = store.get(id);
    return record === null || isVisible(record.instance);
  }

  function isVisibleRevision({ before, after }: Revision): boolean {
    const record = after ?? before;
    return record !== null && isVisible(record.instance);
  }
}

/** Replaces an error that may be about an object of another instance. */
const HIDDEN_ERROR = 'the error may concern other instances, which this token cannot read';

/**
 * The sources as a client sees them that may read only some instances: those that provide a visible Session,
 * and those without Sessions that have the name of a visible instance, such as a Tilt that starts. Their
 * status follows from the visible Sessions alone.
 *
 * @param records the visible Sessions
 */
function scopeSources(
  statuses: readonly SourceStatus[],
  records: readonly SessionRecord[],
  isVisible: (instance: string) => boolean,
): SourceStatus[] {
  const connections = new Map<string, ConnectionStatus[]>(statuses.map(({ name }) => [name, []]));
  for (const { source, connection } of records) {
    if (connection.state !== 'gone') connections.get(source)?.push(connection);
  }
  return statuses.flatMap((status) => {
    const own = connections.get(status.name) ?? [];
    if (own.length > 0) return [scopeStatus(status, own)];
    if (status.sessionCount > 0 || !isVisible(status.name)) return [];
    return [{ ...status, error: status.error === null ? null : HIDDEN_ERROR, unavailable: [] }];
  });
}

/** An error of the source makes all of its Sessions STALE, one of an object only its Session. */
function scopeStatus(status: SourceStatus, own: readonly ConnectionStatus[]): SourceStatus {
  const stale = own.filter(({ state }) => state === 'stale');
  const live = own.filter(({ state }) => state === 'live');
  // In a bucket a Session can be STALE although the source works.
  const isStale = status.state === 'stale' && stale.length > 0;
  const times = (isStale ? stale : live).map(({ since }) => since).sort();
  // They may name a file of another instance.
  const unavailable = own.length === status.sessionCount ? status.unavailable : [];
  return {
    name: status.name,
    state: isStale ? 'stale' : 'live',
    since: times[0] ?? status.since,
    error: isStale ? (stale[0]?.error ?? null) : null,
    sessionCount: own.length,
    unavailable,
  };
}

/** Copies the present Sessions and sources of a store, for a query that is executed over several ticks. */
export function freezeStore(store: ReadableStore): ReadableStore {
  const { revision, ready } = store;
  const ids = store.ids();
  const records = new Map(ids.map((id) => [id, store.get(id)]));
  const sources = store.sources();
  const cursor = store.cursor();
  return {
    revision,
    ready,
    ids: () => ids,
    get: (id) => records.get(id) ?? null,
    log: (id) => store.log(id),
    sources: () => sources,
    cursor: () => cursor,
    since: (since, id, concerns) => store.since(since, id, concerns),
    historySince: (cursor) => store.historySince(cursor),
    cursorOf: (number) => store.cursorOf(number),
    catchUp: (since) => store.catchUp(since),
    subscribe: (listener, id) => store.subscribe(listener, id),
    onLog: (listener) => store.onLog(listener),
  };
}
