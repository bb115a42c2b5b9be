import { isRecord } from '../../lib/is-record.js';
import { oneLine } from '../../model/plain-text.js';
import { type Session, type SessionId, sessionIdOf } from '../../model/session.js';

/** Identity and version of an object, which are known even when the rest cannot be decoded. */
export interface ObjectIdentity {
  /** First half of the id: the instance of the source and, if the object has one, its namespace. */
  readonly instance: string;
  /** Null for an object without a name. */
  readonly id: SessionId | null;
  readonly uid: string | null;
  readonly resourceVersion: string | null;
}

/** Reads the identity of an object. Fields that are missing, empty or not strings are null. Pure. */
export function identityOf(object: unknown, source: string): ObjectIdentity {
  const metadata = isRecord(object) && isRecord(object.metadata) ? object.metadata : {};
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  const name = text(metadata.name);
  // Sessions of Tilt have no namespace.
  const namespace = text(metadata.namespace);
  const instance = namespace === null ? source : `${source}/${namespace}`;
  return {
    instance,
    id: name === null ? null : sessionIdOf(instance, name),
    uid: text(metadata.uid),
    resourceVersion: text(metadata.resourceVersion),
  };
}

/**
 * Whether a version is later than another one of the same uid. Versions are numbers of up to 64 bits, more
 * than a JavaScript number holds. If either is not a number they cannot be compared, and any other version
 * counts as later. Pure.
 */
export function isLater(version: string | null, than: string | null): boolean {
  if (version === null || than === null) return true;
  if (!NUMBER.test(version) || !NUMBER.test(than)) return true;
  return BigInt(version) > BigInt(than);
}

const NUMBER = /^\d{1,20}$/;

/** The latest version seen of each uid, including objects that could not be decoded and deleted ones. */
export interface SeenVersions {
  /**
   * Whether this version of the uid, or a later one, was seen. Always false for an object without a uid or
   * with a version that is not a number.
   */
  isOld(identity: ObjectIdentity): boolean;
  /** Whether the version is neither the latest seen nor older. */
  isNew(identity: ObjectIdentity): boolean;
  /** Records a version. An older version than the recorded one is ignored. */
  record(identity: ObjectIdentity): void;
  /** Forgets all other uids, so that uids do not accumulate. */
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
 * Detects objects of one id that exist at the same time. A new uid alone does not show it, because a
 * restarted Tilt has one too; a uid that returns after another one replaced it does.
 */
export interface Rivals {
  /** Adds a newer state, given the last state of its id. Returns an error while the id is ambiguous. */
  add(session: Session, last: Session | undefined): string | null;
  /** Records the deletion of an object of this id. The remaining one is no longer ambiguous. */
  remove(id: SessionId): void;
  /** Forgets everything, because a list shows what exists. */
  clear(): void;
}

/** Creates an empty registry, which holds one uid and one error per id. */
export function createRivals(): Rivals {
  const replaced = new Map<SessionId, string>();
  const errors = new Map<SessionId, string>();
  return {
    add({ id, metadata: { uid } }, last) {
      const before = last?.metadata.uid ?? null;
      if (uid !== null && before !== null && uid !== before) {
        if (replaced.get(id) === uid) errors.set(id, conflictMessage(id, uid, before));
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

function conflictMessage(id: SessionId, uid: string, other: string): string {
  return `${oneLine(id)}: two objects have this name (uids ${oneLine(other)} and ${oneLine(uid)}); give each a name or namespace of its own`;
}
