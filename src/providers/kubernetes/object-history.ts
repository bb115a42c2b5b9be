import type { Session, SessionId } from '../../model/session.js';
import { isLater, type ObjectIdentity } from './object-identity.js';

/** The latest version seen of each uid, whether it could be decoded or not, and also of what was deleted. */
export interface SeenVersions {
  /** Whether this version of its uid, or a later one, was seen. Never so of what has no uid or no number as its version. */
  isOld(identity: ObjectIdentity): boolean;
  /** Whether the version is neither the latest seen nor older. */
  isNew(identity: ObjectIdentity): boolean;
  /** Records a version. The latest stays. */
  record(identity: ObjectIdentity): void;
  /** Forgets every other uid, so that uids that come and go do not pile up. */
  keepOnly(identities: readonly ObjectIdentity[]): void;
}

/** Creates an empty record of versions. */
export function createSeenVersions(): SeenVersions {
  let latest = new Map<string, string | null>();

  return {
    isOld,
    isNew: (identity) => !isOld(identity) && (identity.uid === null || !isLatest(identity)),
    record(identity) {
      if (identity.uid !== null && !isOld(identity)) latest.set(identity.uid, identity.resourceVersion);
    },
    keepOnly(identities) {
      const uids = new Set(identities.map(({ uid }) => uid));
      latest = new Map([...latest].filter(([uid]) => uids.has(uid)));
    },
  };

  function isOld({ uid, resourceVersion }: ObjectIdentity): boolean {
    return uid !== null && latest.has(uid) && !isLater(resourceVersion, latest.get(uid) ?? null);
  }

  function isLatest({ uid, resourceVersion }: ObjectIdentity): boolean {
    return uid !== null && latest.has(uid) && latest.get(uid) === resourceVersion;
  }
}

/**
 * Notices objects of one id that exist at the same time. A new uid alone is no sign of it: a Tilt that starts again has one. A uid
 * that comes back after another took its place is.
 */
export interface Rivals {
  /** A newer state of an object, and the last state of its id. Returns an error while it is not known which one is meant. */
  add(session: Session, last: Session | undefined): string | null;
  /** An object of this id was deleted: one that is left is meant. */
  remove(id: SessionId): void;
  /** Forgets everything: a list tells what exists. */
  clear(): void;
}

/** Creates an empty registry: one uid and one error for each id. */
export function createRivals(): Rivals {
  const replaced = new Map<SessionId, string>();
  const errors = new Map<SessionId, string>();
  return {
    add({ id, metadata: { uid } }, last) {
      const before = last?.metadata.uid ?? null;
      if (uid !== null && before !== null && uid !== before) {
        if (replaced.get(id) === uid) errors.set(id, rivalry(id, uid, before));
        else replaced.set(id, before);
      }
      return errors.get(id) ?? null;
    },
    remove(id) {
      replaced.delete(id);
      errors.delete(id);
    },
    clear() {
      replaced.clear();
      errors.clear();
    },
  };
}

function rivalry(id: SessionId, uid: string, other: string): string {
  return `${id}: two objects have this name (uids ${other} and ${uid}); give each a name or namespace of its own`;
}
