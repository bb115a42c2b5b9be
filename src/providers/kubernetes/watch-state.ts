import type { Change, StaleState } from '../../model/change.js';
import { oneLine } from '../../model/plain-text.js';
import type { Session, SessionId } from '../../model/session.js';
import { type DecodedObject, decodeObject, type ObjectList, type WatchEvent } from './list-watch.js';
import {
  createRivals,
  createSeenVersions,
  identityOf,
  isLater,
  type ObjectIdentity,
} from './object-identity.js';

/**
 * Objects of one kind of an API server, as its lists and watches reported them. Turns the next list or event
 * into changes. No I/O.
 *
 * Tilt can deliver two writes out of order, and repeats a version for a no-op update. So within one uid only
 * a later version counts. Another uid is another object, in Tilt always that of a new process, whose versions
 * start near 1 again. Versions of two uids are never compared.
 */
export interface KindState<O, C> {
  /** Version of the last list, or of the watch after it, from which to continue. Initially empty. */
  readonly resourceVersion: string;
  /** Applies a complete list. */
  list(list: ObjectList): C[];
  /** Applies an event of a watch. Returns no changes for an old or repeated version and for an `error`. */
  event(event: WatchEvent<O>): C[];
  /** Whether a list has something that the silent watch should have delivered. Such a watch is dead. */
  isBehind(list: ObjectList): boolean;
  /** Whether something became `stale` after the last list. */
  readonly isDegraded: boolean;
  /** Whether something is stale and this list contains everything in a good state. */
  clearsStale(list: ObjectList): boolean;
}

/**
 * Sessions of one API server. A list is a snapshot, in which each item that cannot be decoded is stale.
 *
 * Objects of one name in several namespaces are several Sessions: the namespace is a part of their instance.
 * When other objects of one name exist at the same time, the name is ambiguous: the last good state stays,
 * `stale`.
 */
export type WatchState = KindState<DecodedObject, Change>;

/**
 * Creates the state of a server before its first list.
 * @param source instance of the Sessions
 */
export function createWatchState(source: string): WatchState {
  let resourceVersion = '';
  /** Last good state of each Session, as it was pushed. */
  let known = new Map<SessionId, Session>();
  let isDegraded = false;
  const seen = createSeenVersions();
  const rivals = createRivals();

  return {
    get resourceVersion() {
      return resourceVersion;
    },
    list: applyList,
    event(event) {
      switch (event.type) {
        case 'put':
          return put(event.object);
        case 'delete':
          return remove(event.identity);
        case 'bookmark':
          resourceVersion = event.resourceVersion || resourceVersion;
          return [];
        case 'unreadable':
          return degrade(null, event.error);
        case 'error':
          return [];
      }
    },
    isBehind(list) {
      const identities = list.items.map((item) => identityOf(item, source));
      const ids = new Set(identities.map(({ id }) => id));
      const isNews = (identity: ObjectIdentity) =>
        identity.uid === null ? !lastOf(identity) : seen.isNew(identity);
      return identities.some(isNews) || [...known.keys()].some((id) => !ids.has(id));
    },
    get isDegraded() {
      return isDegraded;
    },
    clearsStale: (list) =>
      isDegraded &&
      countRepeatedIds(list.items.map((item) => identityOf(item, source))).size === 0 &&
      list.items.every((item) => typeof decodeObject(item, source).session !== 'string'),
  };

  function applyList(list: ObjectList): Change[] {
    const identities = list.items.map((item) => identityOf(item, source));
    const { sessions, stale } = readList(list, identities, known, source);
    rivals.clear();
    identities.forEach(seen.record);
    seen.keepOnly(identities);
    known = sessions;
    resourceVersion = list.resourceVersion;
    isDegraded = stale.length > 0;
    return [{ type: 'snapshot', sessions: [...sessions.values()], ...(isDegraded && { stale }) }];
  }

  function put({ identity, session, reuse }: DecodedObject): Change[] {
    if (seen.isOld(identity)) return [];
    seen.record(identity);
    resourceVersion = identity.resourceVersion ?? resourceVersion;
    if (typeof session === 'string') return degrade(identity.id, session);
    const last = known.get(session.id);
    const rival = rivals.add(session, last);
    if (rival !== null) return degrade(session.id, rival);
    known.set(session.id, session);
    // An event in between may have been dropped.
    const isOfLast = reuse !== undefined && reuse.from === last;
    return [{ type: 'upsert', session, ...(isOfLast && { changedTargets: reuse.changedTargets }) }];
  }

  function remove(identity: ObjectIdentity): Change[] {
    if (identity.id === null) return degrade(null, 'a DELETED event has no name');
    seen.record(identity);
    const last = lastOf(identity);
    rivals.remove(identity.id);
    // A deletion may arrive after the successor of the same name was created.
    if (!last || isOther(last.metadata.uid, identity.uid)) return [];
    resourceVersion = identity.resourceVersion ?? resourceVersion;
    known.delete(last.id);
    return [{ type: 'remove', id: last.id }];
  }

  function lastOf({ id }: ObjectIdentity): Session | undefined {
    return id === null ? undefined : known.get(id);
  }

  function degrade(id: SessionId | null, error: string): Change[] {
    isDegraded = true;
    return [{ type: 'stale', ...toStale(id, error) }];
  }
}

/** Sessions of a list, and the error of each that the list does not contain in a good state. Pure. */
function readList(
  { items }: ObjectList,
  identities: readonly ObjectIdentity[],
  known: ReadonlyMap<SessionId, Session>,
  source: string,
): { readonly sessions: Map<SessionId, Session>; readonly stale: readonly StaleState[] } {
  const sessions = new Map<SessionId, Session>();
  const stale: StaleState[] = [];
  const repeated = countRepeatedIds(identities);
  for (const [index, identity] of identities.entries()) {
    const { id } = identity;
    const last = id === null ? undefined : known.get(id);
    const isKnown = last !== undefined && isSame(last, identity);
    const isRepeated = id !== null && repeated.has(id);
    const session = isKnown || isRepeated ? last : decodeObject(items[index], source).session;
    // An unreadable Session is not gone: its last good state stays.
    const kept = typeof session === 'string' ? last : session;
    if (kept) sessions.set(kept.id, kept);
    if (typeof session === 'string') stale.push(toStale(id, session));
  }
  for (const [id, count] of repeated) {
    stale.push(
      toStale(
        id,
        `${oneLine(id)}: ${count} objects have this name; give each a name or namespace of its own`,
      ),
    );
  }
  return { sessions, stale };
}

function toStale(id: SessionId | null, error: string): StaleState {
  return { error, ...(id !== null && { id }) };
}

/** Ids that occur repeatedly in a list, with their counts. */
function countRepeatedIds(identities: readonly ObjectIdentity[]): ReadonlyMap<SessionId, number> {
  const counts = new Map<SessionId, number>();
  for (const { id } of identities) {
    if (id !== null) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return new Map([...counts].filter(([, count]) => count > 1));
}

/** Whether an item of a list is the known state, or an older version from a server that lags behind. */
function isSame({ metadata }: Session, { uid, resourceVersion }: ObjectIdentity): boolean {
  return metadata.uid !== null && metadata.uid === uid && !isLater(resourceVersion, metadata.resourceVersion);
}

function isOther(uid: string | null, other: string | null): boolean {
  return uid !== null && other !== null && uid !== other;
}
