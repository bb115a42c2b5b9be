import type { Clock } from '../lib/clock.js';
import type { ChangeSink } from '../model/change.js';
import type { SessionLog } from '../model/log.js';
import type { SessionId } from '../model/session.js';
import { createCatchUp, createCursors } from './cursors.js';
import type { StoreChange } from './ingest.js';
import { createJournal, DEFAULT_JOURNAL_LIMITS, type JournalLimits, type Revision } from './journal.js';
import { createLastChanges } from './last-changes.js';
import { createListeners, createSubscribers } from './listeners.js';
import type { SessionRecord } from './record.js';
import { createResume, type Resume } from './resume.js';
import { createSessionTable } from './session-table.js';
import { createSourceTable, type SourceStatus } from './source-table.js';

/** The newest state of every Session. Synchronous: everything that is read in one tick is consistent. */
export interface Store extends ChangeSink, Resume {
  apply(source: string, change: StoreChange): void;
  /** Rises with every change that a client could see. */
  readonly revision: number;
  /** Whether every source has delivered its first snapshot. */
  readonly ready: boolean;
  get(id: SessionId): SessionRecord | null;
  /** The log of a Session; null if it has none, or is not known. New lines are no revisions. */
  log(id: SessionId): SessionLog | null;
  /** Ids of all Sessions, sorted. The returned list is immutable. */
  ids(): readonly SessionId[];
  /** Status of each source, in the order in which they were opened. */
  sources(): SourceStatus[];
  /**
   * Whether an open source has delivered a snapshot and has no error as a whole. Its state is `stale` also
   * because of a single Session.
   */
  isReadable(source: string): boolean;
  /** Cursor of the newest revision. Other stores do not mistake it for one of their own. */
  cursor(): string;
  cursorOf(revision: number): string;
  /**
   * Waits until the change of another gateway's cursor has been applied here. Resolves with false when that
   * takes longer than a few seconds (`CATCH_UP_MS`). Returns null when there is nothing to wait for.
   */
  catchUp(cursor: string): Promise<boolean> | null;
  /** Number of subscribed listeners. */
  readonly subscribers: number;
  /**
   * Calls the listener with each revision, in the tick in which it is applied; with an id, only with
   * revisions of that Session, so that other Sessions cost nothing. Returns the function that unsubscribes.
   */
  subscribe(listener: (revision: Revision) => void, id?: SessionId): () => void;
  /**
   * Calls the listener when the status of a source or `ready` may have changed. Returns a function to
   * unsubscribe.
   */
  onSources(listener: () => void): () => void;
  /** Calls the listener with each Session whose log was set. Returns a function to unsubscribe. */
  onLog(listener: (id: SessionId) => void): () => void;
  /** Deletes the GONE Sessions of a source, regardless of their retention time. */
  forget(source: string): void;
  /** Cancels all timers and removes all listeners. */
  dispose(): void;
}

/** Options of {@link createStore}. */
export interface StoreOptions {
  readonly clock: Clock;
  /** Identifies this run of the gateway in cursors: a few random characters. */
  readonly epoch: string;
  /** How long a GONE Session is kept, in milliseconds. Default: 1 hour, a long lunch. */
  readonly retainMs?: number;
  /** Limits of the journal that clients resume from. */
  readonly journal?: Partial<JournalLimits>;
  /**
   * The source whose shared log provides the cursors, so that they are the same at every gateway that reads
   * it. It must be the only source. Default: none, cursors are valid at this gateway only.
   */
  readonly sharedSource?: string;
  /**
   * Receives each error that a listener throws, which affects neither the change being applied nor the other
   * listeners (U1). Must not throw. Default: a process warning on standard error.
   */
  readonly onListenerError?: (error: unknown) => void;
}

/** Default of `StoreOptions.retainMs`: 1 hour. */
export const DEFAULT_RETAIN_MS = 3_600_000;

/** Creates an empty store. */
export function createStore(options: StoreOptions): Store {
  const { clock, epoch, retainMs = DEFAULT_RETAIN_MS, onListenerError = warn, sharedSource } = options;
  const journal = createJournal({ ...DEFAULT_JOURNAL_LIMITS, ...options.journal });
  const subscribers = createSubscribers(onListenerError);
  const sourceListeners = createListeners<void>(onListenerError);
  const logListeners = createListeners<SessionId>(onListenerError);
  const cursors = createCursors(epoch);
  const catchUp = createCatchUp(clock, isBehind);
  const lastChanges = createLastChanges();
  const table = createSessionTable({
    clock,
    journal,
    cursors,
    lastChanges,
    onRevision: subscribers.notify,
    onLog: logListeners.notify,
  });
  const sources = createSourceTable({
    table,
    cursors,
    lastChanges,
    clock,
    retainMs,
    sharedSource,
    onSources: sourceListeners.notify,
    onApplied: catchUp.onAdvance,
  });
  const resume = createResume({ journal, cursors, lastChanges, table });

  return {
    get revision() {
      return table.revision;
    },
    get ready() {
      return sources.isReady;
    },
    get: table.get,
    log: table.log,
    ids: table.ids,
    sources: sources.statuses,
    isReadable: sources.isReadable,
    cursor: () => cursors.cursorOf(table.revision),
    since: resume.since,
    historySince: resume.historySince,
    cursorOf: cursors.cursorOf,
    catchUp: (cursor) => (isBehind(cursor) ? catchUp.wait(cursor) : null),
    get subscribers() {
      return subscribers.size;
    },
    subscribe: subscribers.add,
    open: sources.open,
    apply: sources.apply,
    close: sources.close,
    onSources: sourceListeners.add,
    onLog: logListeners.add,
    forget: sources.forgetGone,
    dispose() {
      sources.dispose();
      subscribers.clear();
      sourceListeners.clear();
      logListeners.clear();
      catchUp.dispose();
    },
  };

  function isBehind(cursor: string): boolean {
    return sharedSource !== undefined && (cursors.isAhead(cursor) || !sources.isReady);
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
