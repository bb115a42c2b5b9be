import type { Log } from '../../lib/log.js';
import type { SessionId } from '../../model/session.js';
import type { SessionRecord } from '../../store/record.js';
import type { SessionState } from './owned-key.js';

/** Which Session a key shows, where several have the same instance and name. */
export interface KeyOwners {
  /** Notes the newest state of a Session, and returns what its key shows now. */
  note(key: string, record: SessionRecord): KeyContent;
}

/** What a key shows. */
export interface KeyContent {
  readonly record: SessionRecord;
  /** Why nobody can tell whether it is the Session that was meant: others have the same key. Null when it is the only one. */
  readonly conflict: string | null;
}

/** How many Sessions a conflict names. */
const MAX_NAMED = 5;

/** Creates the registry. The beginning of a conflict is logged. */
export function createKeyOwners(log: Log): KeyOwners {
  /** Of each key, the newest states of the Sessions that have not ended, or else of the last one. */
  const owners = new Map<string, Map<SessionId, SessionRecord>>();
  const inConflict = new Set<string>();
  return {
    note(key, record) {
      const records = owners.get(key) ?? new Map<SessionId, SessionRecord>();
      owners.set(key, records);
      records.set(record.id, record);
      for (const [id, { connection }] of records) {
        if (connection.state === 'gone' && records.size > 1) records.delete(id);
      }
      const [shown = record] = records.values();
      return { record: shown, conflict: conflictOf(key, [...records.keys()]) };
    },
  };

  function conflictOf(key: string, ids: readonly SessionId[]): string | null {
    if (ids.length < 2) {
      inConflict.delete(key);
      return null;
    }
    const conflict = `${ids.length} Sessions would be published as ${key}: ${named(ids)}; publish each on its own, with another --instance`;
    if (!inConflict.has(key)) log('error', conflict);
    inConflict.add(key);
    return conflict;
  }
}

/** State of a Session as it is; STALE where it may not be the one that was meant. */
export function currentState({ record, conflict }: KeyContent): SessionState {
  const { state, error } = record.connection;
  if (conflict !== null) return { session: record, link: 'stale', error: conflict };
  return { session: record, link: state, error };
}

function named(ids: readonly SessionId[]): string {
  const rest = ids.length - MAX_NAMED;
  return ids.slice(0, MAX_NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
