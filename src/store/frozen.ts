import type { ReadableStore } from './scoped.js';

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
