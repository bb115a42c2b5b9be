import type { Change } from '../../model/change.js';
import { DecodeError, decodeSession } from '../../model/decode.js';
import type { KnownTargets } from '../../model/decode-targets.js';
import { type Session, type SessionId, sessionIdOf } from '../../model/session.js';
import { isRecord } from './field.js';
import { identityOf, isLater, type ObjectIdentity } from './object-identity.js';
import { createSeenVersions } from './seen-versions.js';
import type { SessionList } from './session-list.js';
import type { WatchEvent } from './watch-event.js';

/**
 * What lists and watches have said of the Sessions of one API server, and what is new in what they say next. No I/O.
 *
 * Tilt can deliver two writes out of order, and repeats a version for an update that changed nothing. So within one uid
 * only a later version counts. Another uid is another object, in Tilt always that of a new process, whose versions
 * begin near 1 again: versions of two uids are never compared.
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
    isHealedBy: (list) => isDoubtful && list.items.every((item) => typeof decode(item) !== 'string'),
  };

  function takeList(list: SessionList): Change[] {
    const stale: Change[] = [];
    const next = new Map<SessionId, Session>();
    for (const item of list.items) {
      const identity = identityOf(item);
      const last = lastOf(identity);
      const session = last && isSame(last, identity) ? last : decode(item);
      // What cannot be read is not gone: the last good state stays.
      const kept = typeof session === 'string' ? last : session;
      if (kept) next.set(kept.id, kept);
      if (typeof session === 'string') stale.push(staleOf(identity, session));
      seen.note(identity);
    }
    known = next;
    seen.keepOnly(list.items.map(identityOf));
    resourceVersion = list.resourceVersion;
    isDoubtful = stale.length > 0;
    return [{ type: 'snapshot', sessions: [...next.values()] }, ...stale];
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
    known.set(session.id, session);
    return [{ type: 'upsert', session }];
  }

  function remove(object: unknown): Change[] {
    const identity = identityOf(object);
    if (identity.name === null) return doubt({ type: 'stale', error: 'a DELETED event has no name' });
    seen.note(identity);
    const last = lastOf(identity);
    // A deletion may come after the successor of the same name, which it does not concern.
    if (!last || isOther(last.metadata.uid, identity.uid)) return [];
    resourceVersion = identity.resourceVersion ?? resourceVersion;
    known.delete(last.id);
    return [{ type: 'remove', id: last.id }];
  }

  function isBehind(list: SessionList): boolean {
    const identities = list.items.map(identityOf);
    const names = new Set(identities.map(({ name }) => name));
    const isNews = (identity: ObjectIdentity) =>
      identity.uid === null ? !lastOf(identity) : seen.isNew(identity);
    return identities.some(isNews) || [...known.values()].some(({ metadata }) => !names.has(metadata.name));
  }

  function lastOf({ name }: ObjectIdentity): Session | undefined {
    return name === null ? undefined : known.get(sessionIdOf(instance, name));
  }

  function doubt(stale: Change): Change[] {
    isDoubtful = true;
    return [stale];
  }

  function staleOf({ name }: ObjectIdentity, error: string): Change {
    return { type: 'stale', error, ...(name !== null && { id: sessionIdOf(instance, name) }) };
  }

  function knownTargetsOf(object: unknown): KnownTargets | null {
    const last = lastOf(identityOf(object));
    const targets = last && raw.get(last);
    return last && targets ? { raw: targets, targets: last.status.targets } : null;
  }

  /** The Session, or in one line why it is none. */
  function decode(object: unknown): Session | string {
    try {
      const session = decodeSession(object, instance, knownTargetsOf(object));
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
