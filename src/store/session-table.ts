import { firstIndexAtOrAfter } from '../lib/binary-search.js';
import type { Clock } from '../lib/clock.js';
import type { SessionLog } from '../model/log.js';
import type { MicroTime } from '../model/micro-time.js';
import type { SessionId } from '../model/session.js';
import type { Cursors, LogPosition } from './cursors.js';
import type { Journal, Revision } from './journal.js';
import type { LastChanges } from './last-changes.js';
import { hasNewState, hasSessionChanged } from './merge.js';
import type { RecordChange, SessionRecord } from './record.js';

/** The newest record of every Session and the revision counter. Both change only here. */
export interface SessionTable {
  /** Rises with every change that a client could see. */
  readonly revision: number;
  get(id: SessionId): SessionRecord | null;
  /** The log of a Session; null if it has none, or is not known. */
  log(id: SessionId): SessionLog | null;
  /** Sets the log of a known Session. It is dropped with the Session. */
  setLog(id: SessionId, log: SessionLog | null): void;
  /** Ids of all Sessions, sorted. The returned list is immutable. */
  ids(): readonly SessionId[];
  /**
   * Stores the newest record of a Session; null deletes it.
   *
   * @param position position of the change in a shared log
   * @param more further fields of the revision
   */
  commit(
    id: SessionId,
    after: SessionRecord | null,
    changes: readonly RecordChange[],
    position?: LogPosition | undefined,
    more?: Pick<Revision, 'bytes' | 'ageMs'>,
  ): void;
  /** Runs a task. The revisions of these Sessions in it are replayed ones; see `Revision.isReplayed`. */
  replay(ids: ReadonlySet<SessionId>, task: () => void): void;
  /** Counts a change that clients see and that belongs to no Session, such as the status of a source. */
  incrementRevision(): void;
  /** Current time in the format of records. */
  now(): MicroTime;
}

/** Dependencies of {@link createSessionTable}. */
export interface SessionTableOptions {
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'append'>;
  readonly cursors: Pick<Cursors, 'record'>;
  readonly lastChanges: Pick<LastChanges, 'record'>;
  /** Called with each revision of a Session, after the journal has it. */
  readonly onRevision: (revision: Revision) => void;
  /** Called with the id of each Session whose log was set. */
  readonly onLog: (id: SessionId) => void;
}

/** Creates an empty session table. */
export function createSessionTable({
  clock,
  journal,
  cursors,
  lastChanges,
  onRevision,
  onLog,
}: SessionTableOptions): SessionTable {
  const records = new Map<SessionId, SessionRecord>();
  const logs = new Map<SessionId, SessionLog>();
  const ids = createSortedSet();
  let revision = 0;
  let replayed: ReadonlySet<SessionId> = NONE;
  let time = { ms: Number.NaN, text: '' };

  return {
    get revision() {
      return revision;
    },
    get: (id) => records.get(id) ?? null,
    log: (id) => logs.get(id) ?? null,
    setLog(id, log) {
      if (log === null) logs.delete(id);
      else logs.set(id, log);
      onLog(id);
    },
    ids: () => ids.list(),
    commit(id, after, changes, position, more) {
      const before = records.get(id) ?? null;
      if (after === null) {
        records.delete(id);
        logs.delete(id);
        ids.delete(id);
      } else {
        records.set(id, after);
        if (before === null) ids.add(id);
      }
      // A snapshot of many Sessions is many revisions, each of which is one payload (S2).
      revision += 1;
      if (position) cursors.record(position, revision);
      // The last states of a Session that its source no longer has are not known.
      const isNewState = after?.connection.state === 'gone' || hasNewState(before, after);
      lastChanges.record(id, revision, isNewState, position?.number);
      const sessionChanged = hasSessionChanged(before, after);
      const factsChanged = before?.facts !== after?.facts;
      const isReplayed = replayed.has(id);
      const entry = {
        number: revision,
        id,
        before,
        after,
        changes,
        sessionChanged,
        factsChanged,
        isReplayed,
        ...more,
      };
      journal.append(entry);
      onRevision(entry);
    },
    replay(ids, task) {
      replayed = ids;
      try {
        task();
      } finally {
        replayed = NONE;
      }
    },
    incrementRevision() {
      revision += 1;
    },
    /** Events of one millisecond share one string, because every target's history holds it. */
    now() {
      const ms = clock.now();
      if (time.ms !== ms) time = { ms, text: new Date(ms).toISOString() };
      return time.text;
    },
  };
}

const NONE: ReadonlySet<SessionId> = new Set();

/** A set of strings that lists them sorted by code unit, as `<` compares. */
export interface SortedSet {
  /** Adds a string; a no-op when it is present. */
  add(text: string): void;
  /** Deletes a string; a no-op when it is absent. */
  delete(text: string): void;
  /** All strings, sorted, as an immutable list. Returns the same list until the set changes. */
  list(): readonly string[];
}

/**
 * Creates an empty set. Sorting is deferred to `list()`, so that adding has constant cost: 100,000 strings in
 * any order take 0.2 s; inserting each at its sorted position took 20 s.
 */
export function createSortedSet(): SortedSet {
  let sorted: readonly string[] = [];
  const added = new Set<string>();
  const deleted = new Set<string>();

  return {
    add(text) {
      deleted.delete(text);
      if (!includes(sorted, text)) added.add(text);
    },
    delete(text) {
      added.delete(text);
      if (includes(sorted, text)) deleted.add(text);
    },
    list() {
      if (deleted.size > 0) sorted = sorted.filter((text) => !deleted.has(text));
      if (added.size > 0) sorted = [...sorted, ...added].sort();
      deleted.clear();
      added.clear();
      return sorted;
    },
  };
}

function includes(sorted: readonly string[], text: string): boolean {
  return sorted[firstIndexAtOrAfter(sorted, text)] === text;
}
