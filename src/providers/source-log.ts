import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { Change } from '../model/change.js';
import type { SessionId } from '../model/session.js';
import { ProviderError } from './provider.js';

/** Logs each error of a source once (`warn`), and its recovery (`info`). */
export interface SourceLog {
  /** Logs a failure of the provider, which is restarted after `delayMs`. `message` is one line. */
  failed(error: unknown, message: string, delayMs: number): void;
  /** Logs the errors and recoveries that a change brings. */
  changed(change: Change): void;
  /** Cancels the timers and drops a delayed line: the source is gone. */
  end(): void;
}

/** Options of {@link createSourceLog}. */
export interface SourceLogOptions {
  readonly name: string;
  readonly log: Log;
  readonly clock: Clock;
  /**
   * Whether the source may end at any time. When Tilt ends, it first closes its connections and then removes
   * its kubeconfig entry. So a failure is delayed by {@link DELAY_MS}, and is no error when all Sessions are
   * done.
   */
  readonly isEphemeral: boolean;
  /**
   * Whether errors of the source itself may resolve themselves within moments, as with a kubeconfig, which
   * Tilt truncates and writes in three steps. They are delayed by {@link DELAY_MS} and not logged at all when
   * they are resolved by then.
   */
  readonly hasTransientErrors: boolean;
}

/** Delay of failures of an ephemeral source and of transient errors, in milliseconds. */
const DELAY_MS = 2_000;

/** How long a source must work before its recovery is logged: a snapshot may repeat the error. */
const RECOVERED_MS = 1_000;

/** Key of errors of the source itself, among the ids of its Sessions. */
const WHOLE = '';

/** Creates the log of a source. */
export function createSourceLog(options: SourceLogOptions): SourceLog {
  const { name, log, clock, isEphemeral, hasTransientErrors } = options;
  const errors = createErrorTable();
  const delayed = createDelayedLine(clock);
  /** Whether each Session is done. */
  const sessions = new Map<SessionId, boolean>();
  const unavailable = new Set<string>();
  let cancelRecovery = () => {};
  let isRecovering = false;

  return {
    failed(error, message, delayMs) {
      const line = `Source ${name}: ${message}; next try in ${(delayMs / 1000).toFixed(1)} s`;
      const isExpected = error instanceof ProviderError;
      const fields = isExpected ? { code: error.code } : { error };
      const isNew = errors.add(WHOLE, message);
      if (!isNew || !isExpected) log(isNew ? 'error' : 'debug', line, fields);
      else if (!isEphemeral) log('warn', line, fields);
      else if (isDone()) {
        log('info', `Source ${name}: it is done, and its connection has closed: ${message}`, fields);
      } else delayed.schedule(DELAY_MS, () => log('warn', line, fields));
    },
    changed(change) {
      if (change.type === 'stale') reject(change.id ?? WHOLE, change.error);
      else if (change.type === 'snapshot') replaceAll(change);
      else if (change.type === 'remove') forget(change.id);
      else if (change.type === 'availability') logAvailability(change.error);
      else if (change.type === 'upsert') accept(change.session.id, change.session.status.done);
    },
    end() {
      delayed.drop();
      cancelRecovery();
    },
  };

  function reject(key: SessionId, error: string): void {
    if (!errors.add(key, error)) return;
    const warn = () => log('warn', `Source ${name}: ${key === WHOLE ? '' : `${key} was rejected: `}${error}`);
    if (key === WHOLE && hasTransientErrors) delayed.schedule(DELAY_MS, warn);
    else warn();
  }

  /** Logs each error of a kind once: without it only facts are missing. */
  function logAvailability(error: string | null): void {
    if (error !== null && !unavailable.has(error)) log('info', `Source ${name}: ${error}`);
    if (error !== null) unavailable.add(error);
  }

  function replaceAll({ sessions: all, stale = [] }: Extract<Change, { readonly type: 'snapshot' }>): void {
    sessions.clear();
    for (const { id, status } of all) sessions.set(id, status.done);
    awaitRecovery(errors.markAllResolved());
    for (const { id = WHOLE, error } of stale) reject(id, error);
  }

  function accept(id: SessionId, isSessionDone: boolean): void {
    sessions.set(id, isSessionDone);
    const wereErrors = [id, WHOLE].map(errors.markResolved);
    awaitRecovery(wereErrors.includes(true));
  }

  function forget(id: SessionId): void {
    sessions.delete(id);
    errors.forget(id);
  }

  function awaitRecovery(isResolved: boolean): void {
    if (!isResolved || isRecovering) return;
    isRecovering = true;
    cancelRecovery = clock.after(RECOVERED_MS, logRecovery);
  }

  function logRecovery(): void {
    isRecovering = false;
    for (const key of errors.takeResolved()) {
      if (key === WHOLE && hasTransientErrors && delayed.drop()) continue;
      if (key === WHOLE) delayed.write();
      log('info', `Source ${name}: ${key === WHOLE ? 'it has recovered' : `${key} is accepted again`}`);
    }
  }

  function isDone(): boolean {
    return sessions.size > 0 && [...sessions.values()].every((isSessionDone) => isSessionDone);
  }
}

/** Creates the table of present errors, by Session id. */
function createErrorTable() {
  const errors = new Map<SessionId, { readonly message: string; isResolved: boolean }>();

  return {
    /** Returns whether the error is new. */
    add(key: SessionId, message: string): boolean {
      const isNew = errors.get(key)?.message !== message;
      errors.set(key, { message, isResolved: false });
      return isNew;
    },
    markResolved,
    markAllResolved: () => [...errors.keys()].map(markResolved).includes(true),
    forget: (key: SessionId) => void errors.delete(key),
    /** Removes the resolved errors and returns their keys. */
    takeResolved(): SessionId[] {
      const resolved = [...errors].filter(([, { isResolved }]) => isResolved).map(([key]) => key);
      for (const key of resolved) errors.delete(key);
      return resolved;
    },
  };

  /** Returns whether there was an error. */
  function markResolved(key: SessionId): boolean {
    const error = errors.get(key);
    if (error) error.isResolved = true;
    return error !== undefined;
  }
}

/** Creates a slot for one delayed line, which can be dropped before it is written. */
function createDelayedLine(clock: Clock) {
  let line: (() => void) | null = null;
  let cancel = () => {};
  const drop = () => {
    const wasScheduled = line !== null;
    line = null;
    cancel();
    return wasScheduled;
  };
  const write = () => {
    const due = line;
    drop();
    due?.();
  };

  return {
    /** Writes a line after `ms` milliseconds. Replaces a scheduled line and keeps its time. */
    schedule(ms: number, next: () => void): void {
      if (line === null) cancel = clock.after(ms, write);
      line = next;
    },
    write,
    /** Returns whether a line was scheduled. */
    drop,
  };
}
