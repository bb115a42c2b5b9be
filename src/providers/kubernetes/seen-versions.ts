import { isLater, type ObjectIdentity } from './object-identity.js';

/** The latest version seen of each uid, whether it could be decoded or not, and also of what was deleted. */
export interface SeenVersions {
  /** Whether this version of its uid, or a later one, was seen. Never so of what has no uid or no number as its version. */
  isOld(identity: ObjectIdentity): boolean;
  /** Whether the version is neither the latest seen nor older. */
  isNew(identity: ObjectIdentity): boolean;
  /** Seen. The latest version stays. */
  note(identity: ObjectIdentity): void;
  /** Forgets every other uid, so that uids that come and go do not pile up. */
  keepOnly(identities: readonly ObjectIdentity[]): void;
}

/** Has seen nothing yet. */
export function createSeenVersions(): SeenVersions {
  let latest = new Map<string, string | null>();

  return {
    isOld,
    isNew: (identity) => !isOld(identity) && (identity.uid === null || !isLatest(identity)),
    note(identity) {
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
