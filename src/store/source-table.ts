import type { Clock } from '../lib/clock.js';
import type { ChangeSink, StaleState } from '../model/change.js';
import type { MicroTime } from '../model/micro-time.js';
import type { SessionId } from '../model/session.js';
import type { Cursors, LogPosition } from './cursors.js';
import { sameStrings } from './diff.js';
import { createIngest, type Ingest, type SessionOwner, type StoreChange } from './ingest.js';
import type { LastChanges } from './last-changes.js';
import type { ConnectionStatus } from './record.js';
import type { SessionTable } from './session-table.js';

/** Status of a source, as clients see it. */
export interface SourceStatus {
  readonly name: string;
  readonly state: 'connecting' | 'live' | 'stale';
  readonly since: MicroTime;
  /** Why it is not live; null otherwise. */
  readonly error: string | null;
  readonly sessionCount: number;
  /** Kinds of objects that it does not provide, one line each. Sessions are not among them. */
  readonly unavailable: readonly string[];
}

/** The open sources and their status. Applies their changes to the session table. */
export interface SourceTable extends ChangeSink {
  apply(source: string, change: StoreChange): void;
  /** Whether every source has delivered its first snapshot, or is optional and has failed. */
  readonly isReady: boolean;
  /** Status of each source, in the order in which they were opened. */
  statuses(): SourceStatus[];
  /**
   * Whether an open source has delivered a snapshot and has no error as a whole. Errors of single objects,
   * which also make its state `stale`, do not count.
   */
  isReadable(name: string): boolean;
  /** Deletes the GONE Sessions of a source, regardless of their retention time. */
  forgetGone(source: string): void;
  /** Cancels all timers. */
  dispose(): void;
}

/** Dependencies and limits of {@link createSourceTable}. */
export interface SourceTableOptions {
  readonly table: SessionTable;
  readonly cursors: Pick<Cursors, 'recordSnapshot' | 'recordGap' | 'advanceTo' | 'isApplied'>;
  readonly lastChanges: Pick<LastChanges, 'recordSnapshot' | 'recordGap'>;
  readonly clock: Clock;
  /** How long a GONE Session is kept, in milliseconds. */
  readonly retainMs: number;
  /** The source whose shared log provides the cursors, if any. */
  readonly sharedSource: string | undefined;
  /** Called when the status of a source may have changed. */
  readonly onSources: () => void;
  /** Called after each change that was applied. */
  readonly onApplied: () => void;
}

/** Creates a table without sources. */
export function createSourceTable(options: SourceTableOptions): SourceTable {
  const { table, cursors, lastChanges, clock, retainMs, sharedSource, onSources, onApplied } = options;
  const sources = new Map<string, Source>();
  const ingest = createIngest({ table, clock, retainMs, findSource: (name) => sources.get(name) });

  return {
    get isReady() {
      return [...sources.values()].every(isSettled);
    },
    statuses: () => [...sources.values()].map(statusOf),
    isReadable(name) {
      const source = sources.get(name);
      return source?.synced === true && source.error === null;
    },
    open(name, { optional = false } = {}) {
      if (sources.has(name)) throw new Error(`A source named ${name} is already open.`);
      sources.set(name, createSource(name, optional, table.now()));
      publishStatus();
    },
    apply(name, change) {
      const source = sources.get(name);
      if (!source) return;
      const before = statusOf(source);
      const wasSettled = isSettled(source);
      applyChange(source, change);
      // Once all errors are known: a source that stays STALE because of one is not live in between.
      if (change.type !== 'availability' && change.type !== 'log') updateState(source, table.now());
      if (!isSameStatus(before, statusOf(source)) || wasSettled !== isSettled(source)) publishStatus();
      onApplied();
    },
    close(name, reason) {
      const source = sources.get(name);
      if (!source) return;
      for (const id of [...source.sessions]) ingest.markGone(source, id, reason);
      sources.delete(name);
      publishStatus();
    },
    forgetGone: ingest.forgetGone,
    dispose: ingest.dispose,
  };

  function applyChange(source: Source, change: StoreChange): void {
    const at = source.name === sharedSource ? change.at : undefined;
    if (change.type === 'availability') {
      setUnavailable(source, change.kind, change.error);
      return;
    }
    if (change.type === 'log') {
      if (table.get(change.id)?.source === source.name) table.setLog(change.id, change.log);
      return;
    }
    if (change.type === 'snapshot') {
      table.replay(idsOf(change.followedBy ?? []), () => applySnapshot(source, change, at));
      return;
    }
    applyOne(source, change, at);
    if (at === undefined) return;
    // Even a no-op advances the cursor.
    cursors.advanceTo(at, table.revision);
    if (change.unknownAfter === undefined) return;
    cursors.recordGap(change.unknownAfter, at);
    for (const id of idsOf([change])) lastChanges.recordGap(id, at.number);
  }

  function applyOne(
    source: Source,
    change: Exclude<StoreChange, { readonly type: 'snapshot' | 'availability' | 'log' }>,
    at: LogPosition | undefined,
  ): void {
    if (change.type === 'upsert') {
      const { id } = change.session;
      const error = ingest.upsert(source, change, at);
      source.error = null;
      if (error === null) source.rejected.delete(id);
      else source.rejected.set(id, error);
    } else if (change.type === 'remove') {
      source.rejected.delete(change.id);
      ingest.markGone(source, change.id, change.reason ?? 'it was removed', at, change);
    } else {
      recordError(source, change.id, change.error);
      const ids = change.id === undefined ? source.sessions : [change.id];
      for (const id of ids) ingest.markStale(source, id, change.error);
    }
  }

  function applySnapshot(source: Source, change: SnapshotChange, at: LogPosition | undefined): void {
    const replace = () => replaceSessions(source, change, ingest, table.now());
    if (at) {
      lastChanges.recordSnapshot(at.log, at.number, !cursors.isApplied(at), replace);
      cursors.recordSnapshot(at, table.revision, change.unknownAfter);
    } else {
      replace();
    }
    for (const next of change.followedBy ?? []) applyChange(source, next);
    if (at && change.upTo) cursors.advanceTo(change.upTo, table.revision);
  }

  /** A change of status is a revision, although it belongs to no Session. */
  function publishStatus(): void {
    table.incrementRevision();
    onSources();
  }
}

type SnapshotChange = Extract<StoreChange, { readonly type: 'snapshot' }>;

/** Replaces the Sessions of a source by those of a snapshot. The others become GONE. */
function replaceSessions(
  source: Source,
  { sessions, stale = [], connections }: SnapshotChange,
  ingest: Ingest,
  now: MicroTime,
): void {
  source.synced = true;
  source.error = null;
  source.rejected.clear();
  for (const { id, error } of stale) recordError(source, id, error);
  const missing = new Set(source.sessions);
  const staleOf = indexErrors(stale, now);
  for (const session of sessions) {
    missing.delete(session.id);
    // One revision: a `wait` would end if it saw a Session as live for a moment that is not.
    const connection = connections?.get(session.id) ?? staleOf(session.id);
    const error = ingest.upsert(source, { session, ...(connection && { connection }) });
    if (error !== null) source.rejected.set(session.id, error);
  }
  for (const id of missing) ingest.markGone(source, id, 'its source no longer has it');
}

/** Ids of the Sessions that changes concern. */
function idsOf(changes: readonly StoreChange[]): ReadonlySet<SessionId> {
  const ids = changes.map((change) => {
    if (change.type === 'upsert') return change.session.id;
    return 'id' in change ? change.id : undefined;
  });
  return new Set(ids.filter((id) => id !== undefined));
}

/**
 * Returns a function that finds the connection of a stale Session. Its own error counts before one of all
 * Sessions.
 */
function indexErrors(
  stale: readonly StaleState[],
  since: MicroTime,
): (id: SessionId) => ConnectionStatus | undefined {
  const errors = new Map(stale.map(({ id, error }) => [id, error]));
  return (id) => {
    const error = errors.get(id) ?? errors.get(undefined);
    return error === undefined ? undefined : { state: 'stale', since, error };
  };
}

/** State of an open source. */
interface Source extends SessionOwner {
  /** Whether the gateway counts as ready even when the first attempt of the source fails. */
  readonly optional: boolean;
  state: SourceStatus['state'];
  since: MicroTime;
  /** Error of the source as a whole. */
  error: string | null;
  /** Errors of single objects, by Session id. */
  readonly rejected: Map<SessionId, string>;
  /** Errors of other kinds than Sessions, by kind. */
  readonly kindErrors: Map<string, string>;
  /** The same as a list, which is replaced when they change: the status is read at every update. */
  unavailable: readonly string[];
  /** Whether it has delivered a snapshot since it was opened. */
  synced: boolean;
}

function createSource(name: string, optional: boolean, since: MicroTime): Source {
  return {
    name,
    optional,
    sessions: new Set(),
    state: 'connecting',
    since,
    error: null,
    rejected: new Map(),
    kindErrors: new Map(),
    unavailable: [],
    synced: false,
  };
}

/** Whether readiness no longer depends on a source: it has synced, or is optional and has failed. */
function isSettled(source: Source): boolean {
  return source.synced || (source.optional && source.state === 'stale');
}

/** Records an error of the source or, with an id, of one object. */
function recordError(source: Source, id: SessionId | undefined, error: string): void {
  if (id === undefined) source.error = error;
  else source.rejected.set(id, error);
}

function updateState(source: Source, now: MicroTime): void {
  const state = findError(source) === null ? 'live' : 'stale';
  if (source.state === state) return;
  source.state = state;
  source.since = now;
}

function findError({ error, rejected }: Source): string | null {
  if (error !== null) return error;
  const [first] = rejected.values();
  return first ?? null;
}

function setUnavailable(source: Source, kind: string, error: string | null): void {
  if (error === null) source.kindErrors.delete(kind);
  else source.kindErrors.set(kind, error);
  source.unavailable = [...source.kindErrors.values()];
}

function statusOf(source: Source): SourceStatus {
  const { name, state, since, sessions, unavailable } = source;
  return { name, state, since, error: findError(source), sessionCount: sessions.size, unavailable };
}

function isSameStatus(a: SourceStatus, b: SourceStatus): boolean {
  return (
    a.state === b.state &&
    a.since === b.since &&
    a.error === b.error &&
    a.sessionCount === b.sessionCount &&
    sameStrings(a.unavailable, b.unavailable)
  );
}
