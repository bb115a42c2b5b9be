import type { LogSelection, LogSlice, SessionLog } from '../model/log.js';
import type { SessionId } from '../model/session.js';
import type { Revision } from '../store/journal.js';
import type { ReadableStore } from '../store/scoped.js';
import type { LogBatches } from './log-batches.js';
import type { UpdateSource } from './projection.js';
import type { SessionBinding } from './session-binding.js';

/**
 * The log of a Session as a source of updates. Their numbers are positions in the log, so that a reader that
 * lags keeps positions instead of lines. They continue to rise when the log is replaced.
 */
export interface LogFeed extends UpdateSource {
  /** The Session; null while it does not exist. */
  readonly session: SessionId | null;
  readonly isAvailable: boolean;
  /** Number at which the present log, or its absence, begins. Readers at earlier numbers need the tail. */
  readonly startedAt: number;
  /** Returns the last selected lines up to a number. */
  tail(selection: LogSelection, last: number, number: number): LogSlice['lines'];
  /** Returns the selected lines between two numbers, not before {@link startedAt}. */
  between(since: number, number: number, selection: LogSelection, limit: number): Omit<LogSlice, 'position'>;
}

/** Dependencies of a feed. */
export interface LogFeedOptions {
  readonly store: ReadableStore;
  readonly batches: LogBatches;
  readonly binding: SessionBinding;
}

/** Creates the feed of one group. It holds no resources while nothing is subscribed to it. */
export function createLogFeed({ store, batches, binding }: LogFeedOptions): LogFeed {
  let listener = (_: Revision) => {};
  let log: SessionLog | null = null;
  let session: SessionId | null = null;
  let number = 0;
  let startedAt = 0;
  /** Difference between a number and a position of the present log. */
  let offset = 0;
  let leaveLog = () => {};

  return {
    get session() {
      return session;
    },
    get isAvailable() {
      return log !== null;
    },
    get startedAt() {
      return startedAt;
    },
    get revision() {
      return number;
    },
    // Nothing can be resumed: a reader starts with the tail.
    cursor: () => '',
    cursorOf: () => '',
    since: () => null,
    subscribe(call) {
      open();
      listener = call;
      const unsubscribe = [store.subscribe(onRevision, binding.named), store.onLog(onLog)];
      return () => {
        leaveLog();
        for (const leave of unsubscribe) leave();
      };
    },
    tail(selection, last, until) {
      if (log === null || last === 0) return [];
      const { lines } = log.since(until - offset, selection, Number.POSITIVE_INFINITY);
      const all = log.tail(selection, last + lines.length);
      return lines.length === 0 ? all : all.slice(0, -lines.length);
    },
    between(since, until, selection, limit) {
      if (log === null) return { lines: [], dropped: 0 };
      const later = log.since(until - offset, selection, Number.POSITIVE_INFINITY);
      const all = log.since(since - offset, selection, limit + later.lines.length);
      return {
        lines: all.lines.slice(0, all.lines.length - later.lines.length),
        dropped: all.dropped - later.dropped,
      };
    },
  };

  function onRevision(revision: Revision): void {
    if (binding.follow(revision)) update();
  }

  function onLog(changed: SessionId): void {
    if (changed === binding.id) update();
  }

  /** Follows the Session's log if the log or the Session has appeared, disappeared or been replaced. */
  function update(): void {
    if (knownSession() === session && presentLog() === log) return;
    const since = number;
    number += 1;
    open();
    notify(since);
  }

  function knownSession(): SessionId | null {
    return binding.id === null ? null : (store.get(binding.id)?.id ?? null);
  }

  function presentLog(): SessionLog | null {
    return binding.id === null ? null : store.log(binding.id);
  }

  /** Begins with the present log at its newest line. */
  function open(): void {
    leaveLog();
    session = knownSession();
    log = presentLog();
    startedAt = number;
    offset = number - (log?.position ?? 0);
    leaveLog = log === null ? () => {} : batches.subscribe(log, onLines);
  }

  function onLines(): void {
    const since = number;
    number = offset + (log?.position ?? 0);
    if (number > since) notify(since);
  }

  function notify(since: number): void {
    const entry = { since, number, id: binding.id ?? '', before: null, after: null };
    listener({ ...entry, changes: [], sessionChanged: false, factsChanged: false });
  }
}
