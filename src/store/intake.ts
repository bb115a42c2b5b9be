import type { Clock } from '../lib/clock.js';
import type { Change, ChangeSink } from '../model/change.js';
import type { MicroTime } from '../model/micro-time.js';
import { isSameRun } from '../model/run.js';
import type { Session, SessionId } from '../model/session.js';
import type { Cursors, LogPosition } from './cursors.js';
import { diffTargets } from './diff.js';
import type { Ledger } from './ledger.js';
import { mergeSession } from './merge.js';
import { type Connection, linked, type SessionRecord } from './record.js';
import { createRetention } from './retention.js';
import {
  createSource,
  isSettled,
  markSynced,
  markTrouble,
  markUnderstood,
  type Source,
  type SourceStatus,
  sameStatus,
  statusOf,
} from './source.js';

/** What sources say, applied to the ledger: what it makes of their Sessions, and how the links to them are. */
export interface Intake extends ChangeSink {
  apply(source: string, change: StoreChange): void;
  /** Whether every source has given its first snapshot. */
  readonly isReady: boolean;
  /** The sources, in the order they were opened. */
  sources(): SourceStatus[];
  /** Forgets the GONE Sessions of a source at once, rather than when their time is over. */
  forget(source: string): void;
  /** Ends the timers. */
  dispose(): void;
}

/** What an intake works with. */
export interface IntakeOptions {
  readonly ledger: Ledger;
  readonly cursors: Pick<Cursors, 'jump' | 'reach'>;
  readonly clock: Clock;
  /** How long a Session is kept once it is GONE, in milliseconds. */
  readonly retainMs: number;
  /** The source whose log gives the cursors, if one does. */
  readonly sharedSource: string | undefined;
  /** Called when the status of a source may have changed. */
  readonly onSources: () => void;
  /** Called after each change that was applied, whole. */
  readonly onApplied: () => void;
}

/** A change of any provider, with the fields that the provider of a shared log adds. */
export type StoreChange = Change & LogFields;

/**
 * The fields of `LogChange` (`nats/log-change.ts`), the provider contract of a log that several gateways read. The store knows
 * no providers and declares only what it reads.
 */
interface LogFields {
  readonly at?: LogPosition;
  readonly followedBy?: readonly StoreChange[];
  readonly upTo?: LogPosition;
  readonly connection?: Connection;
  readonly since?: MicroTime;
}

type Upsert = Omit<Extract<StoreChange, { readonly type: 'upsert' }>, 'type'>;

/** Without sources. */
export function createIntake(options: IntakeOptions): Intake {
  const { ledger, cursors, clock, retainMs, sharedSource, onSources, onApplied } = options;
  const { now } = ledger;
  const sources = new Map<string, Source>();
  const retention = createRetention(clock, retainMs, forgetGone);

  return {
    get isReady() {
      return [...sources.values()].every(isSettled);
    },
    sources: () => [...sources.values()].map(statusOf),
    open(name, { optional = false } = {}) {
      if (sources.has(name)) throw new Error(`A source named ${name} is open already.`);
      sources.set(name, createSource(name, optional, now()));
      sourcesChanged();
    },
    apply(name, change) {
      const source = sources.get(name);
      if (!source) return;
      const before = statusOf(source);
      const wasSettled = isSettled(source);
      dispatch(source, change);
      if (!sameStatus(before, statusOf(source)) || wasSettled !== isSettled(source)) sourcesChanged();
      onApplied();
    },
    close(name, reason) {
      const source = sources.get(name);
      if (!source) return;
      for (const id of [...source.sessions]) setGone(source, id, reason);
      sources.delete(name);
      sourcesChanged();
    },
    forget(name) {
      for (const id of retention.ids()) {
        if (ledger.get(id)?.source === name) forgetGone(id);
      }
    },
    dispose: () => retention.dispose(),
  };

  function dispatch(source: Source, change: StoreChange): void {
    const at = source.name === sharedSource ? change.at : undefined;
    if (change.type === 'snapshot') {
      replaceAll(source, change.sessions);
      if (at) cursors.jump(at, ledger.revision);
      for (const next of change.followedBy ?? []) dispatch(source, next);
      if (at && change.upTo) cursors.reach(change.upTo, ledger.revision);
      return;
    }
    applyOne(source, change, at);
    // It may have said nothing new: who has this revision has that too.
    if (at) cursors.reach(at, ledger.revision);
  }

  function applyOne(
    source: Source,
    change: Exclude<StoreChange, { readonly type: 'snapshot' }>,
    at: LogPosition | undefined,
  ): void {
    if (change.type === 'upsert') {
      markUnderstood(source, change.session.id, now());
      upsert(source, change, at);
    } else if (change.type === 'remove') {
      setGone(source, change.id, change.reason ?? 'it was removed', at, change.since);
    } else {
      markTrouble(source, change.id, change.error, now());
      for (const id of change.id === undefined ? source.sessions : [change.id]) {
        setStale(source, id, change.error);
      }
    }
  }

  function replaceAll(source: Source, sessions: readonly Session[]): void {
    markSynced(source, now());
    const missing = new Set(source.sessions);
    for (const session of sessions) {
      missing.delete(session.id);
      upsert(source, { session });
    }
    for (const id of missing) setGone(source, id, 'its source no longer has it');
  }

  function upsert(
    source: Source,
    { session, changedTargets, connection: recorded }: Upsert,
    at?: LogPosition,
  ): void {
    const { id } = session;
    const before = ledger.get(id);
    const owner = before === null ? undefined : sources.get(before.source);
    if (owner && owner !== source && owner.sessions.has(id)) {
      markTrouble(source, id, `${id} already comes from the source ${owner.name}; name one of them`, now());
      return;
    }
    // What was refused before is not what the record has.
    const changed = source.sessions.has(id) ? changedTargets : undefined;
    source.sessions.add(id);
    retention.end(id);
    const connection = connectionFor(before, session, recorded);
    const { record, changes } = mergeSession(before, session, source.name, connection, now(), changed);
    if (record !== before) ledger.commit(id, record, changes, at);
    if (connection.state === 'gone') {
      source.sessions.delete(id);
      retention.begin(id);
    }
  }

  function connectionFor(
    before: SessionRecord | null,
    session: Session,
    recorded: Connection | undefined,
  ): Connection {
    if (!recorded) return linked(before, 'live', null, now());
    const known = before !== null && isSameRun(before, session) ? before : null;
    return linked(known, recorded.state, recorded.error, recorded.since);
  }

  function setStale(source: Source, id: SessionId, error: string): void {
    const before = ledger.get(id);
    if (before && source.sessions.has(id)) relink(before, linked(before, 'stale', error, now()));
  }

  function setGone(source: Source, id: SessionId, reason: string, at?: LogPosition, since?: MicroTime): void {
    const before = ledger.get(id);
    source.refused.delete(id);
    if (!before || !source.sessions.delete(id)) return;
    relink(before, linked(before, 'gone', reason, endOf(before) ?? since ?? now()), at);
    retention.begin(id);
  }

  /** A run that was done before its link was lost ended then, not when its Session is removed: its result is no newer. */
  function endOf({ status, connection }: SessionRecord): MicroTime | null {
    return status.done && connection.state === 'stale' ? connection.since : null;
  }

  function relink(before: SessionRecord, connection: Connection, at?: LogPosition): void {
    if (connection !== before.connection) ledger.commit(before.id, { ...before, connection }, [], at);
  }

  function forgetGone(id: SessionId): void {
    retention.end(id);
    ledger.commit(id, null, diffTargets(ledger.get(id)?.status.targets ?? [], []));
  }

  /** What clients see of the sources counts as a revision, though it is no Session's. */
  function sourcesChanged(): void {
    ledger.bump();
    onSources();
  }
}
