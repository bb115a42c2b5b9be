import type { Revision } from './journal.js';
import type { Store } from './store.js';

/** What can be read of a store. */
export type ReadableStore = Pick<
  Store,
  'revision' | 'ready' | 'get' | 'ids' | 'sources' | 'cursor' | 'since' | 'cursorOf' | 'catchUp' | 'subscribe'
>;

/**
 * A store of which only some instances are seen: the others' Sessions and sources are not there, in whatever way it is
 * asked. Cursors are those of the whole store.
 */
export function scopedStore(store: ReadableStore, sees: (instance: string) => boolean): ReadableStore {
  let all: readonly string[] = [];
  let seen: readonly string[] = [];

  return {
    get revision() {
      return store.revision;
    },
    get ready() {
      return store.ready;
    },
    get(id) {
      const record = store.get(id);
      return record && sees(record.instance) ? record : null;
    },
    ids() {
      const ids = store.ids();
      if (ids !== all) {
        all = ids;
        seen = ids.filter((id) => sees(store.get(id)?.instance ?? ''));
      }
      return seen;
    },
    sources: () => store.sources().filter(({ name }) => sees(name)),
    cursor: () => store.cursor(),
    since: (cursor, id) => store.since(cursor, id)?.filter(isSeen) ?? null,
    cursorOf: (revision) => store.cursorOf(revision),
    catchUp: (cursor) => store.catchUp(cursor),
    subscribe: (listener, id) =>
      store.subscribe((revision) => {
        if (isSeen(revision)) listener(revision);
      }, id),
  };

  function isSeen({ before, after }: Revision): boolean {
    const record = after ?? before;
    return record !== null && sees(record.instance);
  }
}

/** A store whose Sessions and sources stay as they are now, for a query that is executed in several ticks. */
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
    sources: () => sources,
    cursor: () => cursor,
    since: (since, id) => store.since(since, id),
    cursorOf: (number) => store.cursorOf(number),
    catchUp: (since) => store.catchUp(since),
    subscribe: (listener, id) => store.subscribe(listener, id),
  };
}
