import type { Clock } from '../clock.js';
import type { Change, ChangeSink, LogPosition } from '../model/change.js';
import type { MicroTime } from '../model/micro-time.js';
import type { Session, SessionId } from '../model/session.js';
import { createCatchUp } from './catch-up.js';
import { createCursors } from './cursors.js';
import { diffTargets } from './diff.js';
import { createJournal, DEFAULT_JOURNAL_LIMITS, type JournalLimits, type Revision } from './journal.js';
import { createListeners } from './listeners.js';
import { headChanged, mergeSession } from './merge.js';
import type { Connection, RecordChange, SessionRecord } from './record.js';
import { createRetention } from './retention.js';
import { createSortedSet } from './sorted.js';
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
import { createSubscribers } from './subscribers.js';

/** The newest state of every Session. All of it is synchronous: what is read in one tick belongs together. */
export interface Store extends ChangeSink {
  /** Rises with everything that a client could see. */
  readonly revision: number;
  /** Whether every source has given its first snapshot. */
  readonly ready: boolean;
  get(id: SessionId): SessionRecord | null;
  /** Every Session's id, in order: a list that does not change any more. */
  ids(): readonly SessionId[];
  /** The sources, in the order they were opened. */
  sources(): SourceStatus[];
  /** Where the store stands, as a text that other stores do not take for theirs. */
  cursor(): string;
  /**
   * What came after a cursor, oldest first; null when that is not (or no longer) known here. Where the cursor may be of
   * another gateway, last how the links are here: that another has seen one go stale is not in the log.
   *
   * @param id the one Session that is asked about; default: any
   */
  since(cursor: string, id?: SessionId): Revision[] | null;
  /** The cursor of a revision. */
  cursorOf(revision: number): string;
  /**
   * Waits until what a cursor of another gateway stands for has come here too: false when it has not within
   * a few seconds (`CATCH_UP_MS`). Null when there is nothing to wait for.
   */
  catchUp(cursor: string): Promise<boolean> | null;
  /** How many are called back. */
  readonly subscribers: number;
  /**
   * Calls back with each revision, in the tick in which it is applied; with an id, with those of this Session alone, so
   * that others' cost it nothing. Returns the end of it.
   */
  subscribe(listener: (revision: Revision) => void, id?: SessionId): () => void;
  /** Calls back whenever the status of a source, or `ready`, may have changed. Returns the end of it. */
  onSources(listener: () => void): () => void;
  /** Forgets the GONE Sessions of a source at once, rather than when their time is over. */
  forget(source: string): void;
  /** Ends the timers and the calls back. */
  dispose(): void;
}

/** Options of {@link createStore}. */
export interface StoreOptions {
  readonly clock: Clock;
  /** Makes cursors of another run of the gateway unknown: a few random characters. */
  readonly epoch: string;
  /** How long a Session is kept once it is GONE, in milliseconds. Default: an hour, a long lunch. */
  readonly retainMs?: number;
  /** How much is kept for readers that come back. */
  readonly journal?: Partial<JournalLimits>;
  /**
   * The source whose log gives the cursors, so that they are the same at every gateway that reads it. It must be the only
   * one. Default: none, cursors are known here alone.
   */
  readonly sharedSource?: string;
  /**
   * Is handed what a listener throws: neither what is being applied nor the other listeners are to suffer from it (U1).
   * Default: a warning of the process, on standard error. It must not throw itself.
   */
  readonly onListenerError?: (error: unknown) => void;
}

/** How long a Session is kept once it is GONE, unless told otherwise: an hour. */
export const DEFAULT_RETAIN_MS = 3_600_000;

/** Of more Sessions than these a reader from another gateway is told everything anew rather than how each link is. */
const MOST_GREETINGS = 1_000;

/** An empty store. */
export function createStore(options: StoreOptions): Store {
  const { clock, epoch, retainMs = DEFAULT_RETAIN_MS, onListenerError = warn, sharedSource } = options;
  const records = new Map<SessionId, SessionRecord>();
  const ids = createSortedSet();
  const sources = new Map<string, Source>();
  const journal = createJournal({ ...DEFAULT_JOURNAL_LIMITS, ...options.journal });
  const subscribers = createSubscribers(onListenerError);
  const sourceListeners = createListeners<void>(onListenerError);
  const retention = createRetention(clock, retainMs, forgetGone);
  const cursors = createCursors(epoch);
  const catchUp = createCatchUp(clock, isBehind);
  /** Of the change that is being applied. */
  let position: LogPosition | null = null;
  let revision = 0;
  let time = { ms: Number.NaN, text: '' };

  return {
    get revision() {
      return revision;
    },
    get ready() {
      return isReady();
    },
    get: (id) => records.get(id) ?? null,
    ids: () => ids.list(),
    sources: () => [...sources.values()].map(statusOf),
    cursor: () => cursors.cursorOf(revision),
    since: (cursor, id) => {
      const number = cursors.revisionOf(cursor);
      const missed = number === null || number > revision ? null : journal.after(number);
      if (missed === null || cursors.isOwn(cursor)) return missed;
      const known = id === undefined ? ids.list() : [id];
      return known.length > MOST_GREETINGS ? null : [...missed, ...known.flatMap(greeting)];
    },
    cursorOf: cursors.cursorOf,
    catchUp: (cursor) => (isBehind(cursor) ? catchUp.wait(cursor) : null),
    get subscribers() {
      return subscribers.size;
    },
    subscribe: subscribers.add,
    open(name, { optional = false } = {}) {
      if (sources.has(name)) throw new Error(`A source named ${name} is open already.`);
      sources.set(name, createSource(name, optional, now()));
      sourcesChanged();
    },
    apply(name, change) {
      const source = sources.get(name);
      if (source) applyChange(source, change);
    },
    close(name, reason) {
      const source = sources.get(name);
      if (!source) return;
      for (const id of [...source.sessions]) setGone(source, id, reason);
      sources.delete(name);
      sourcesChanged();
    },
    onSources: sourceListeners.add,
    forget(name) {
      for (const id of retention.ids()) {
        if (records.get(id)?.source === name) forgetGone(id);
      }
    },
    dispose() {
      retention.dispose();
      subscribers.clear();
      sourceListeners.clear();
      catchUp.dispose();
    },
  };

  function applyChange(source: Source, change: Change): void {
    const before = statusOf(source);
    const wasSettled = isSettled(source);
    dispatch(source, change);
    if (!sameStatus(before, statusOf(source)) || wasSettled !== isSettled(source)) sourcesChanged();
    catchUp.proceed();
  }

  function dispatch(source: Source, change: Change): void {
    const at = source.name === sharedSource && 'at' in change ? change.at : undefined;
    if (change.type === 'snapshot') {
      replaceAll(source, change.sessions);
      if (at) cursors.jump(at, revision);
      for (const next of change.followedBy ?? []) dispatch(source, next);
      if (at && change.upTo) cursors.reach(change.upTo, revision);
      return;
    }
    position = at ?? null;
    applyOne(source, change);
    position = null;
    // It may have said nothing new: who has this revision has that too.
    if (at) cursors.reach(at, revision);
  }

  function applyOne(source: Source, change: Exclude<Change, { readonly type: 'snapshot' }>): void {
    if (change.type === 'upsert') {
      markUnderstood(source, change.session.id, now());
      upsert(source, change.session);
    } else if (change.type === 'remove') {
      setGone(source, change.id, change.reason ?? 'it was removed');
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
      upsert(source, session);
    }
    for (const id of missing) setGone(source, id, 'its source no longer has it');
  }

  function upsert(source: Source, session: Session): void {
    const { id } = session;
    const before = records.get(id) ?? null;
    const owner = before === null ? undefined : sources.get(before.source);
    if (owner && owner !== source && owner.sessions.has(id)) {
      markTrouble(source, id, `${id} already comes from the source ${owner.name}; name one of them`, now());
      return;
    }
    source.sessions.add(id);
    retention.end(id);
    const { record, changes } = mergeSession(before, session, source.name, link(before, 'live', null), now());
    if (record !== before) commit(id, record, changes);
  }

  function setStale(source: Source, id: SessionId, error: string): void {
    const before = records.get(id);
    if (before && source.sessions.has(id)) relink(before, 'stale', error);
  }

  function setGone(source: Source, id: SessionId, reason: string): void {
    const before = records.get(id);
    source.refused.delete(id);
    if (!before || !source.sessions.delete(id)) return;
    relink(before, 'gone', reason);
    retention.begin(id);
  }

  function relink(before: SessionRecord, state: Connection['state'], error: string): void {
    const connection = link(before, state, error);
    if (connection !== before.connection) commit(before.id, { ...before, connection }, []);
  }

  function forgetGone(id: SessionId): void {
    retention.end(id);
    commit(id, null, diffTargets(records.get(id)?.status.targets ?? [], []));
  }

  /** What clients see of the sources counts as a revision, though it is no Session's. */
  function sourcesChanged(): void {
    revision += 1;
    sourceListeners.tell();
  }

  /** The one place where a Session's state changes. */
  function commit(id: SessionId, after: SessionRecord | null, changes: readonly RecordChange[]): void {
    const before = records.get(id) ?? null;
    if (after === null) {
      records.delete(id);
      ids.delete(id);
    } else {
      records.set(id, after);
      if (before === null) ids.add(id);
    }
    // A snapshot of many Sessions is many revisions, each one payload to its readers (S2).
    revision += 1;
    if (position) cursors.mark(position, revision);
    const entry = { number: revision, id, before, after, changes, head: headChanged(before, after) };
    journal.append(entry);
    subscribers.tell(entry);
  }

  function link(before: SessionRecord | null, state: Connection['state'], error: string | null): Connection {
    const known = before?.connection;
    if (known?.state !== state) return { state, since: now(), error };
    return known.error === error ? known : { state, since: known.since, error };
  }

  /** What happens in one millisecond shares one text: it stands in each target's history. */
  function now(): MicroTime {
    const ms = clock.now();
    if (time.ms !== ms) time = { ms, text: new Date(ms).toISOString() };
    return time.text;
  }

  function greeting(id: SessionId): Revision[] {
    const after = records.get(id);
    if (!after) return [];
    const before = { ...after, connection: { ...after.connection } };
    return [{ number: revision, id, before, after, changes: [], head: true, isGreeting: true }];
  }

  function isBehind(cursor: string): boolean {
    return sharedSource !== undefined && (cursors.isAhead(cursor) || !isReady());
  }

  function isReady(): boolean {
    return [...sources.values()].every(isSettled);
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
