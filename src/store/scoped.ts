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
