import { isDeepStrictEqual } from 'node:util';
import { memoize } from '../lib/memoize.js';
import type { SessionId } from '../model/session.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { SourceStatus } from '../store/source-table.js';

/**
 * How many Sessions, ids or sources are remembered one by one. What reads more is taken to have read everything:
 * comparing them all at each change would cost more than it saves.
 */
const MOST = 64;

/** What one execution reads of a store, so that it can be told whether another one would read the same. */
export interface Reads {
  /** The store, as the execution is to be given it. */
  readonly store: ReadableStore;
  /** Whether all that was read is still as it was. */
  areCurrent(): boolean;
}

/** Begins to remember what is read. It holds on to no Session, so that what the store gives up is free. */
export function trackReads(store: ReadableStore): Reads {
  const sessions = new Map<SessionId, number>();
  let ids: readonly SessionId[] | null = null;
  let sources: readonly SourceStatus[] | null = null;
  /** Whether something was read that is not remembered: then any revision may have changed it. */
  let isVague = false;
  /** The newest revision at which all of it was known to be as it was read. */
  let revision = store.revision;

  const tracked: Pick<ReadableStore, 'get' | 'ids' | 'sources'> = {
    get(id) {
      const record = store.get(id);
      if (sessions.has(id)) return record;
      if (sessions.size < MOST) sessions.set(id, versionOf(record));
      else isVague = true;
      return record;
    },
    ids() {
      const all = store.ids();
      if (all.length > MOST) isVague = true;
      else ids ??= [...all];
      return all;
    },
    sources() {
      const all = store.sources();
      if (all.length > MOST) isVague = true;
      else sources ??= all;
      return all;
    },
  };

  return {
    store: new Proxy(store, {
      get(target, name) {
        if (name in tracked) return Reflect.get(tracked, name);
        isVague = true;
        return Reflect.get(target, name);
      },
    }),
    areCurrent() {
      if (store.revision === revision) return true;
      if (isVague || !isAsRead()) return false;
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

/** A number that no other record has, since a record never changes; 0 stands for no record. */
function versionOf(record: SessionRecord | null): number {
  return record === null ? 0 : numberOf(record);
}

/** Numbers of the whole process: which of them a record has does not matter. */
let newestVersion = 0;
const numberOf = memoize((_: SessionRecord) => ++newestVersion);
