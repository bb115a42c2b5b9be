import { isDeepStrictEqual } from 'node:util';
import { memoize } from '../lib/memoize.js';
import type { SessionId } from '../model/session.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { SourceStatus } from '../store/source-table.js';

/**
 * Number of Sessions, ids or sources that are tracked one by one. An execution that reads more depends on the
 * whole store: comparing them all at each change would cost more than it saves.
 */
const MAX_TRACKED = 64;

/** Data that an execution reads from a store. While none of it changes, its result is valid. */
export interface Dependencies {
  /** The store to execute on. */
  readonly store: ReadableStore;
  /** Whether nothing that was read has changed. */
  isFresh(): boolean;
}

/** Tracks what is read of a store. Keeps no Session alive. */
export function trackDependencies(store: ReadableStore): Dependencies {
  const sessions = new Map<SessionId, number>();
  let ids: readonly SessionId[] | null = null;
  let sources: readonly SourceStatus[] | null = null;
  /** Whether something was read that is not tracked, so that any revision may have changed it. */
  let dependsOnAll = false;
  /** Newest revision at which nothing that was read had changed. */
  let revision = store.revision;

  const tracked: Pick<ReadableStore, 'get' | 'ids' | 'sources'> = {
    get(id) {
      const record = store.get(id);
      if (sessions.has(id)) return record;
      if (sessions.size < MAX_TRACKED) sessions.set(id, versionOf(record));
      else dependsOnAll = true;
      return record;
    },
    ids() {
      const all = store.ids();
      if (all.length > MAX_TRACKED) dependsOnAll = true;
      else ids ??= [...all];
      return all;
    },
    sources() {
      const all = store.sources();
      if (all.length > MAX_TRACKED) dependsOnAll = true;
      else sources ??= all;
      return all;
    },
  };

  return {
    store: new Proxy(store, {
      get(target, name) {
        if (name in tracked) return Reflect.get(tracked, name);
        dependsOnAll = true;
        return Reflect.get(target, name);
      },
    }),
    isFresh() {
      if (store.revision === revision) return true;
      if (dependsOnAll || !isAsRead()) return false;
      revision = store.revision;
      return true;
    },
  };

  function isAsRead(): boolean {
    for (const [id, version] of sessions) if (versionOf(store.get(id)) !== version) return false;
    return (
      (ids === null || isDeepStrictEqual(ids, store.ids())) &&
      (sources === null || isDeepStrictEqual(sources, store.sources()))
    );
  }
}

/** Returns a number that is unique to a record, which never changes; 0 for no record. */
function versionOf(record: SessionRecord | null): number {
  return record === null ? 0 : numberOf(record);
}

/** Numbers of the whole process: which of them a record has does not matter. */
let newestVersion = 0;
const numberOf = memoize((_: SessionRecord) => ++newestVersion);
