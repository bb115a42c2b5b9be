import type { Clock } from '../lib/clock.js';
import type { ChangeSink } from '../model/change.js';
import type { SessionId } from '../model/session.js';
import { createCatchUp, createCursors } from './cursors.js';
import { createIntake, type StoreChange } from './intake.js';
import { createJournal, DEFAULT_JOURNAL_LIMITS, type JournalLimits, type Revision } from './journal.js';
import { createLedger } from './ledger.js';
import { createListeners, createSubscribers } from './listeners.js';
import type { SessionRecord } from './record.js';
import type { SourceStatus } from './source.js';

/** The newest state of every Session. All of it is synchronous: what is read in one tick belongs together. */
export interface Store extends ChangeSink {
  apply(source: string, change: StoreChange): void;
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
  const journal = createJournal({ ...DEFAULT_JOURNAL_LIMITS, ...options.journal });
  const subscribers = createSubscribers(onListenerError);
  const sourceListeners = createListeners<void>(onListenerError);
  const cursors = createCursors(epoch);
  const catchUp = createCatchUp(clock, isBehind);
  const ledger = createLedger({ clock, journal, cursors, tell: subscribers.tell });
  const intake = createIntake({
    ledger,
    cursors,
    clock,
    retainMs,
    sharedSource,
    onSources: sourceListeners.tell,
    onApplied: catchUp.proceed,
  });

  return {
    get revision() {
      return ledger.revision;
    },
    get ready() {
      return intake.isReady;
    },
    get: ledger.get,
    ids: ledger.ids,
    sources: intake.sources,
    cursor: () => cursors.cursorOf(ledger.revision),
    since(cursor, id) {
      const number = cursors.revisionOf(cursor);
      const missed = number === null || number > ledger.revision ? null : journal.after(number);
      if (missed === null || cursors.isOwn(cursor)) return missed;
      const known = id === undefined ? ledger.ids() : [id];
      return known.length > MOST_GREETINGS ? null : [...missed, ...known.flatMap(greeting)];
    },
    cursorOf: cursors.cursorOf,
    catchUp: (cursor) => (isBehind(cursor) ? catchUp.wait(cursor) : null),
    get subscribers() {
      return subscribers.size;
    },
    subscribe: subscribers.add,
    open: intake.open,
    apply: intake.apply,
    close: intake.close,
    onSources: sourceListeners.add,
    forget: intake.forget,
    dispose() {
      intake.dispose();
      subscribers.clear();
      sourceListeners.clear();
      catchUp.dispose();
    },
  };

  /** How the link of a Session is, for a reader that knows it from another gateway. */
  function greeting(id: SessionId): Revision[] {
    const after = ledger.get(id);
    if (!after) return [];
    const before = { ...after, connection: { ...after.connection } };
    return [{ number: ledger.revision, id, before, after, changes: [], head: true, isGreeting: true }];
  }

  function isBehind(cursor: string): boolean {
    return sharedSource !== undefined && (cursors.isAhead(cursor) || !intake.isReady);
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
