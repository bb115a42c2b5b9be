import { isRecord } from '../../lib/is-record.js';
import type { Change } from '../../model/change.js';
import { DecodeError, decodeSession } from '../../model/decode.js';
import type { KnownTargets } from '../../model/decode-targets.js';
import { type Session, type SessionId, sessionIdOf } from '../../model/session.js';
import { identityOf, isLater, type ObjectIdentity } from './object-identity.js';
import { createRivals } from './rivals.js';
import { createSeenVersions } from './seen-versions.js';
import type { SessionList } from './session-list.js';
import type { WatchEvent } from './watch-event.js';

/**
 * What lists and watches have said of the Sessions of one API server, and what is new in what they say next. No I/O.
 *
 * Tilt can deliver two writes out of order, and repeats a version for an update that changed nothing. So within one uid
 * only a later version counts. Another uid is another object, in Tilt always that of a new process, whose versions
 * begin near 1 again: versions of two uids are never compared.
 *
 * Objects of one name in several namespaces are several Sessions: the namespace is a part of their instance. Objects of one
 * name that exist at the same time otherwise are none: which one is meant is not known, so the last good state stays, `stale`.
 */
export interface WatchState {
  /** How far the last list, or the watch after it, got: from here a watch goes on. Empty at first. */
  readonly resourceVersion: string;
  /** A list: everything there is. A snapshot, and a `stale` for each item that cannot be decoded. */
  list(list: SessionList): Change[];
  /** An event of a watch: what it changes (nothing, if it is old, repeated or an `error`). */
  event(event: WatchEvent): Change[];
  /** Whether a list has what the watch, silent since, should have told: it is dead. */
  isBehind(list: SessionList): boolean;
  /** Whether something was `stale` since the last list. */
  readonly isDoubtful: boolean;
  /** Whether it is doubtful, and this list has everything in a good state. */
  isHealedBy(list: SessionList): boolean;
}

/** Knows nothing yet. */
export function createWatchState(instance: string): WatchState {
  let resourceVersion = '';
  /** The last good state of each. */
  let known = new Map<SessionId, Session>();
  let isDoubtful = false;
  const seen = createSeenVersions();
  const rivals = createRivals();
  /** What Sessions were decoded from: a line parser gives the same targets again as long as they stay the same. */
  const raw = new WeakMap<Session, readonly unknown[]>();

  return {
    get resourceVersion() {
      return resourceVersion;
    },
    list: takeList,
    event: takeEvent,
    isBehind,
    get isDoubtful() {
      return isDoubtful;
    },
    isHealedBy: (list) =>
      isDoubtful &&
      repeatedIds(list).size === 0 &&
      list.items.every((item) => typeof decode(item) !== 'string'),
  };

  function takeList(list: SessionList): Change[] {
    const stale: Change[] = [];
    const next = new Map<SessionId, Session>();
    const repeated = repeatedIds(list);
    rivals.clear();
    for (const item of list.items) {
      const identity = identityOf(item);
      const last = lastOf(identity);
      const session = isRepeated(identity) ? null : last && isSame(last, identity) ? last : decode(item);
      // What cannot be read is not gone: the last good state stays.
      const kept = session === null || typeof session === 'string' ? last : session;
      if (kept) next.set(kept.id, kept);
      if (typeof session === 'string') stale.push(staleOf(identity, session));
      seen.note(identity);
    }
    for (const [id, count] of repeated) {
      const error = `${id}: ${count} objects have this name; give each a name or namespace of its own`;
      stale.push({ type: 'stale', id, error });
    }
    known = next;
    seen.keepOnly(list.items.map(identityOf));
    resourceVersion = list.resourceVersion;
    isDoubtful = stale.length > 0;
    return [{ type: 'snapshot', sessions: [...next.values()] }, ...stale];

    function isRepeated(identity: ObjectIdentity): boolean {
      const id = idOf(identity);
      return id !== null && repeated.has(id);
    }
  }

  function takeEvent(event: WatchEvent): Change[] {
    switch (event.type) {
      case 'put':
        return put(event.object);
      case 'delete':
        return remove(event.object);
      case 'bookmark':
        resourceVersion = event.resourceVersion || resourceVersion;
        return [];
      case 'unreadable':
        return doubt({ type: 'stale', error: event.error });
      case 'error':
        return [];
    }
  }

  function put(object: unknown): Change[] {
    const identity = identityOf(object);
    if (seen.isOld(identity)) return [];
    seen.note(identity);
    resourceVersion = identity.resourceVersion ?? resourceVersion;
    const session = decode(object);
    if (typeof session === 'string') return doubt(staleOf(identity, session));
    const rival = rivals.add(session, known.get(session.id));
    if (rival !== null) return doubt({ type: 'stale', id: session.id, error: rival });
    known.set(session.id, session);
    return [{ type: 'upsert', session }];
  }

  function remove(object: unknown): Change[] {
    const identity = identityOf(object);
    if (identity.name === null) return doubt({ type: 'stale', error: 'a DELETED event has no name' });
    seen.note(identity);
    const last = lastOf(identity);
    rivals.remove(idOf(identity));
    // A deletion may come after the successor of the same name, which it does not concern.
    if (!last || isOther(last.metadata.uid, identity.uid)) return [];
    resourceVersion = identity.resourceVersion ?? resourceVersion;
    known.delete(last.id);
    return [{ type: 'remove', id: last.id }];
  }

  function isBehind(list: SessionList): boolean {
    const identities = list.items.map(identityOf);
    const ids = new Set(identities.map(idOf));
    const isNews = (identity: ObjectIdentity) =>
      identity.uid === null ? !lastOf(identity) : seen.isNew(identity);
    return identities.some(isNews) || [...known.keys()].some((id) => !ids.has(id));
  }

  function lastOf(identity: ObjectIdentity): Session | undefined {
    const id = idOf(identity);
    return id === null ? undefined : known.get(id);
  }

  function idOf(identity: ObjectIdentity): SessionId | null {
    return identity.name === null ? null : sessionIdOf(instanceOf(identity), identity.name);
  }

  function instanceOf({ namespace }: ObjectIdentity): string {
    return namespace === null ? instance : `${instance}/${namespace}`;
  }

  /** Ids that several objects of a list have, and how many. */
  function repeatedIds({ items }: SessionList): ReadonlyMap<SessionId, number> {
    const counts = new Map<SessionId, number>();
    for (const item of items) {
      const id = idOf(identityOf(item));
      if (id !== null) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return new Map([...counts].filter(([, count]) => count > 1));
  }

  function doubt(stale: Change): Change[] {
    isDoubtful = true;
    return [stale];
  }

  function staleOf(identity: ObjectIdentity, error: string): Change {
    const id = idOf(identity);
    return { type: 'stale', error, ...(id !== null && { id }) };
  }

  function knownTargetsOf(object: unknown): KnownTargets | null {
    const last = lastOf(identityOf(object));
    const targets = last && raw.get(last);
    return last && targets ? { raw: targets, targets: last.status.targets } : null;
  }

  /** The Session, or in one line why it is none. */
  function decode(object: unknown): Session | string {
    try {
      const session = decodeSession(object, instanceOf(identityOf(object)), knownTargetsOf(object));
      const targets = rawTargetsOf(object);
      if (targets) raw.set(session, targets);
      return session;
    } catch (error) {
      if (error instanceof DecodeError) return error.message;
      throw error;
    }
  }
}

/** Whether an item of a list is what is known already, or an older version from a server that lags behind. */
function isSame({ metadata }: Session, { uid, resourceVersion }: ObjectIdentity): boolean {
  return metadata.uid !== null && metadata.uid === uid && !isLater(resourceVersion, metadata.resourceVersion);
}

function rawTargetsOf(object: unknown): readonly unknown[] | null {
  const status = isRecord(object) ? object.status : null;
  return isRecord(status) && Array.isArray(status.targets) ? status.targets : null;
}

function isOther(uid: string | null, other: string | null): boolean {
  return uid !== null && other !== null && uid !== other;
}
