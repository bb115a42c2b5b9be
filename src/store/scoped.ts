import type { SessionId } from '../model/session.js';
import type { Revision } from './journal.js';
import { scopeSources } from './scoped-sources.js';
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
