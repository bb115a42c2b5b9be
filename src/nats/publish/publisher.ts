import type { Log } from '../../lib/log.js';
import { joinNames } from '../../model/plain-text.js';
import type { SessionId } from '../../model/session.js';
import type { ProviderError } from '../../providers/provider.js';
import type { SessionRecord } from '../../store/record.js';
import type { Store } from '../../store/store.js';
import { formatKey } from '../message-format.js';
import type { SessionState } from './owned-key.js';
import { createReplayedSessions } from './replayed-sessions.js';
import { createSessionEnds } from './session-ends.js';
import { createSessionWriters, type SessionWritersOptions } from './session-writers.js';

/** Writes the Sessions of a store to a bucket. */
export interface Publisher {
  /** Resolves with the error of the first Session that another publisher writes or that cannot be written. */
  readonly failed: Promise<ProviderError>;
  /**
   * Writes the final state of each Session, which is GONE. Resolves with the keys that were not written in
   * time.
   *
   * @param deadlineMs milliseconds
   */
  close(reason: string, deadlineMs: number): Promise<readonly string[]>;
}

/** Dependencies of {@link createPublisher}. */
export interface PublisherOptions extends SessionWritersOptions {
  readonly store: Pick<Store, 'ids' | 'get' | 'subscribe'>;
  /** Instance under which a Session is published. */
  instanceOf(record: SessionRecord): string;
}

/** Starts to publish. Applying changes to the store never waits for it. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { store, clock, log } = options;
  const writers = createSessionWriters(options);
  const owners = createKeyOwners(log);
  const newest = new Map<string, KeyContent>();
  /** Sessions that were published before their end. */
  const running = new Set<SessionId>();
  const replayed = createReplayedSessions(store, publish);
  const ends = createSessionEnds(clock);
  const unsubscribe = store.subscribe((revision) => {
    const { id, before, after, isReplayed } = revision;
    ends.record(revision);
    // The end of a run that was published is its result, so it is written also before a later run.
    const mayBeOutdated = after?.connection.state === 'live' || !running.has(id);
    if (isReplayed && mayBeOutdated) {
      replayed.add(id);
    } else if (after !== null) {
      replayed.remove(id);
      publish(after);
    } else if (before !== null) {
      forget(before);
    }
  });
  for (const id of store.ids()) {
    const record = store.get(id);
    if (record) publish(record);
  }

  return {
    failed: writers.failed,
    close(reason, deadlineMs) {
      unsubscribe();
      replayed.flush();
      for (const [key, { record, conflict }] of newest) {
        if (record.connection.state !== 'gone' && conflict === null) {
          writers.write(key, ends.withEnd({ session: record, connection: 'gone', error: reason }, record));
        }
      }
      return writers.close(deadlineMs);
    },
  };

  function keyOf(record: SessionRecord): string {
    return formatKey(options.instanceOf(record), record.metadata.name);
  }

  /** The store deletes a Session only after its end. */
  function forget(record: SessionRecord): void {
    const key = keyOf(record);
    running.delete(record.id);
    if (!owners.remove(key, record.id)) return;
    newest.delete(key);
    writers.release(key);
  }

  function publish(record: SessionRecord): void {
    const key = keyOf(record);
    const content = owners.update(key, record);
    newest.set(key, content);
    if (record.connection.state !== 'gone') running.add(record.id);
    const state = ends.withEnd(toCurrentState(content), content.record);
    // Otherwise the Session ended before this publisher has read it.
    const isKnown = running.has(content.record.id);
    writers.write(key, isKnown ? state : { ...state, isEarlierEnd: true });
  }
}

/** Chooses the Session of each key, because several Sessions may have the same instance and name. */
export interface KeyOwners {
  /** Records the newest state of a Session, and returns the content of its key. */
  update(key: string, record: SessionRecord): KeyContent;
  /** Removes a Session. Returns whether its key has none left. */
  remove(key: string, id: SessionId): boolean;
}

/** Content of a key. */
export interface KeyContent {
  readonly record: SessionRecord;
  /** Names the Sessions that have this key, if there are several. Null for a single one. */
  readonly conflict: string | null;
}

/** Maximum number of Sessions that a conflict names. */
const MAX_NAMED = 5;

/** Creates the registry. The start of a conflict is logged. */
export function createKeyOwners(log: Log): KeyOwners {
  /** Newest states of the Sessions of each key that have not ended; if all have ended, that of the last. */
  const owners = new Map<string, Map<SessionId, SessionRecord>>();
  const inConflict = new Set<string>();
  return {
    update(key, record) {
      const records = owners.get(key) ?? new Map<SessionId, SessionRecord>();
      owners.set(key, records);
      records.set(record.id, record);
      for (const [id, { connection }] of records) {
        if (connection.state === 'gone' && records.size > 1) records.delete(id);
      }
      const [shown = record] = records.values();
      return { record: shown, conflict: checkConflict(key, [...records.keys()]) };
    },
    remove(key, id) {
      const records = owners.get(key);
      records?.delete(id);
      if (records !== undefined && records.size > 0) return false;
      owners.delete(key);
      return true;
    },
  };

  function checkConflict(key: string, ids: readonly SessionId[]): string | null {
    if (ids.length < 2) {
      inConflict.delete(key);
      return null;
    }
    const conflict = `${ids.length} Sessions would be published as ${key}: ${joinNames(ids, MAX_NAMED)}; publish each on its own, with another --instance`;
    if (!inConflict.has(key)) log('error', conflict);
    inConflict.add(key);
    return conflict;
  }
}

/** Creates the current state of a key. It is STALE in a conflict. */
export function toCurrentState({ record, conflict }: KeyContent): SessionState {
  const { state, error } = record.connection;
  if (conflict !== null) return { session: record, connection: 'stale', error: conflict };
  return { session: record, connection: state, error };
}
