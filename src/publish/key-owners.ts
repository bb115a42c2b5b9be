import type { Log } from '../log.js';
import type { SessionId } from '../model/session.js';
import type { SessionRecord } from '../store/record.js';

/** Which Session is written to a key, where several have the same instance and name. */
export interface KeyOwners {
  /** Whether a Session may be written to a key: it was the first, or the one before it has ended. */
  claim(key: string, record: SessionRecord): boolean;
}

/** Creates the registry. A Session whose key is in use is logged once. */
export function createKeyOwners(log: Log): KeyOwners {
  /** The newest state of the Session that has the key. */
  const owners = new Map<string, SessionRecord>();
  const refused = new Set<SessionId>();
  return {
    claim(key, record) {
      const owner = owners.get(key);
      if (owner === undefined || owner.id === record.id || isGone(owner)) {
        owners.set(key, record);
        return true;
      }
      if (!refused.has(record.id) && !isGone(record)) {
        refused.add(record.id);
        const what = `${record.id} would be published as ${key}, as ${owner.id} is already`;
        log('error', `${what}; publish it on its own, with another --instance`);
      }
      return false;
    },
  };
}

function isGone({ connection }: SessionRecord): boolean {
  return connection.state === 'gone';
}
