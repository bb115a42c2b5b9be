import type { Clock } from '../lib/clock.js';
import type { Change } from '../model/change.js';
import type { MicroTime } from '../model/micro-time.js';
import { isSameRun, type Session, type SessionId } from '../model/session.js';
import type { LogPosition } from './cursors.js';
import type { Revision } from './journal.js';
import { diffRecords, mergeSession } from './merge.js';
import { type ConnectionStatus, finalResultTime, type SessionRecord, withConnection } from './record.js';
import type { SessionTable } from './session-table.js';

/** Applies changes of single Sessions to the session table. */
export interface Ingest {
  /** Applies a newer state of a Session. Returns an error when another source provides this id. */
  upsert(source: SessionOwner, upsert: SessionUpsert, at?: LogPosition): string | null;
  /** Marks a Session of the source as STALE. Ignored when the source does not have it. */
  markStale(source: SessionOwner, id: SessionId, error: string): void;
  /**
   * Marks a Session of the source as GONE and starts its retention time. If it is GONE already and nothing of
   * it is left, deletes it. Ignored when the source does not have it.
   *
   * @param end time at which it left, if a shared log recorded it. Default: now
   */
  markGone(source: SessionOwner, id: SessionId, reason: string, at?: LogPosition, end?: RecordedEnd): void;
  /** Deletes the GONE Sessions of a source, regardless of their retention time. */
  forgetGone(source: string): void;
  /** Cancels the retention timers. */
  dispose(): void;
}

/** A change of any provider, with the fields that the provider of a shared log adds. */
export type StoreChange = Change & SharedLogFields;

/**
 * Fields of `LogChange` (`nats/log-change.ts`), the changes of a log that several gateways read. The store
 * knows no providers and declares only what it reads.
 */
interface SharedLogFields {
  readonly at?: LogPosition;
  readonly followedBy?: readonly StoreChange[];
  readonly upTo?: LogPosition;
  readonly connection?: RecordedConnection;
  readonly connections?: ReadonlyMap<SessionId, RecordedConnection>;
  readonly since?: MicroTime;
  readonly ageMs?: number;
  readonly unknownAfter?: number;
  readonly bytes?: number;
}

/** A connection as a shared log recorded it. The retention time begins with its end at every gateway. */
type RecordedConnection = ConnectionStatus & Pick<RecordedEnd, 'ageMs'>;

/** End of a Session as a shared log recorded it. */
interface RecordedEnd {
  readonly since?: MicroTime | undefined;
  /** Time since the end, in milliseconds. Default: 0. */
  readonly ageMs?: number | undefined;
}

/** A newer state of a Session. */
type SessionUpsert = Omit<Extract<StoreChange, { readonly type: 'upsert' }>, 'type'>;

/** A source and the Sessions that it provides. */
export interface SessionOwner {
  readonly name: string;
  /** Ids of its Sessions, without GONE ones. */
  readonly sessions: Set<SessionId>;
}

/** Dependencies and limits of {@link createIngest}. */
export interface IngestOptions {
  readonly table: SessionTable;
  readonly clock: Clock;
  /** How long a GONE Session is kept, in milliseconds. */
  readonly retainMs: number;
  /** Finds an open source by name. */
  readonly findSource: (name: string) => SessionOwner | undefined;
}

/** Creates the reducer of Session changes. */
export function createIngest({ table, clock, retainMs, findSource }: IngestOptions): Ingest {
  const { now } = table;
  const retention = createRetention(clock, retainMs, (id) => forget(id));

  return {
    upsert,
    markStale(source, id, error) {
      const before = table.get(id);
      if (before && source.sessions.has(id)) {
        setConnection(before, withConnection(before, 'stale', error, now()));
      }
    },
    markGone(source, id, reason, at, end = {}) {
      const before = table.get(id);
      if (!before) return;
      if (!source.sessions.delete(id)) {
        // At its position: a client that moves to another gateway, which has nothing of it, must know it.
        if (end.ageMs === Number.POSITIVE_INFINITY && before.source === source.name) forget(id, at);
        return;
      }
      const result = finalResultTime(before);
      const connection = withConnection(before, 'gone', reason, result ?? end.since ?? now());
      setConnection(before, connection, at, result === null ? end : undefined);
      retention.start(id, end.ageMs);
    },
    forgetGone(source) {
      for (const id of retention.ids()) if (table.get(id)?.source === source) forget(id);
    },
    dispose: retention.dispose,
  };

  function upsert(
    source: SessionOwner,
    { session, changedTargets, connection: recorded, bytes }: SessionUpsert,
    at?: LogPosition,
  ): string | null {
    const { id } = session;
    const before = table.get(id);
    const owner = before === null ? undefined : findSource(before.source);
    if (owner && owner !== source && owner.sessions.has(id)) {
      return `${id} already comes from the source ${owner.name}; each Session needs an id of its own: rename the source, or in a folder the file`;
    }
    // `changedTargets` relates to the last state from this source, which the record holds only if it was
    // accepted.
    const changed = source.sessions.has(id) ? changedTargets : undefined;
    const connection = connectionAfter(before, session, recorded, now());
    const { record, changes } = mergeSession(before, session, source.name, connection, now(), changed);
    // Not before the merge: a state that it throws on must not revive a GONE Session.
    source.sessions.add(id);
    retention.cancel(id);
    if (record !== before) {
      const more = { ...(bytes !== undefined && { bytes }), ...toAge(recorded) };
      table.commit(id, record, changes, at, more);
    }
    if (connection.state === 'gone') {
      source.sessions.delete(id);
      retention.start(id, recorded?.ageMs);
    }
    return null;
  }

  function setConnection(
    before: SessionRecord,
    connection: ConnectionStatus,
    at?: LogPosition,
    recorded?: RecordedEnd,
  ): void {
    if (connection === before.connection) return;
    table.commit(before.id, { ...before, connection }, [], at, toAge(recorded));
  }

  function forget(id: SessionId, at?: LogPosition): void {
    retention.cancel(id);
    table.commit(id, null, diffRecords(table.get(id), null), at);
  }
}

/** Age of a recorded connection. That of an expired state is not known: it is infinite. */
function toAge(recorded: RecordedEnd | undefined): Pick<Revision, 'ageMs'> {
  const { since, ageMs = 0 } = recorded ?? {};
  return since !== undefined && Number.isFinite(ageMs) ? { ageMs } : {};
}

function connectionAfter(
  before: SessionRecord | null,
  session: Session,
  recorded: RecordedConnection | undefined,
  now: MicroTime,
): ConnectionStatus {
  if (!recorded) return withConnection(before, 'live', null, now);
  const known = before !== null && isSameRun(before, session) ? before : null;
  const lasting = known !== null && isFirstResult(known, session, recorded) ? null : known;
  return withConnection(lasting, recorded.state, recorded.error, recorded.since);
}

/**
 * Whether an end has the first result of its run. It ended then: a GONE without a result was the end of its
 * relay, which has read the result after a restart.
 */
function isFirstResult(known: SessionRecord, { status }: Session, recorded: RecordedConnection): boolean {
  return recorded.state === 'gone' && status.done && !known.status.done;
}

/** Creates the timers of GONE Sessions. @param onExpire called at the end of the retention time */
function createRetention(clock: Clock, retainMs: number, onExpire: (id: SessionId) => void) {
  const timers = new Map<SessionId, () => void>();
  return {
    ids: () => [...timers.keys()],
    start(id: SessionId, ageMs = 0): void {
      const cancel = clock.after(Math.max(0, retainMs - ageMs), () => onExpire(id));
      timers.set(id, cancel);
    },
    /** Cancels the timer of a Session; a no-op when it has none. */
    cancel(id: SessionId): void {
      timers.get(id)?.();
      timers.delete(id);
    },
    dispose(): void {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
