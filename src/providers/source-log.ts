import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { Change } from '../model/change.js';
import type { SessionId } from '../model/session.js';
import { ProviderError } from './provider.js';

/** Logs the trouble of one source and its end, each once: `warn`, then `info`. */
export interface SourceLog {
  /** The provider failed, in one line, and is started again after `waitMs`. */
  failed(error: unknown, line: string, waitMs: number): void;
  /** The provider made a change. */
  changed(change: Change): void;
  /** Ends the timers. A line that is still held back is dropped: the source has left. */
  end(): void;
}

/** See {@link createSourceLog}. */
export interface SourceLogOptions {
  readonly name: string;
  readonly log: Log;
  readonly clock: Clock;
  /**
   * Whether the source may end at any time, as a Tilt does: it cuts its connections first, and its entry is removed after
   * that. So a failure is held back for {@link HOLD_MS}, and is no trouble once all of its Sessions are done.
   */
  readonly endsByItself: boolean;
  /**
   * Whether trouble with the source itself may pass within moments, as with a kubeconfig, which Tilt empties and writes again
   * in three steps. It is held back for {@link HOLD_MS}; trouble that is over by then is not logged at all.
   */
  readonly passingTrouble: boolean;
}

/** How long a failure of a source that ends by itself, and passing trouble, is held back, in milliseconds. */
const HOLD_MS = 2_000;

/** How long a source must be well before its recovery is logged, in milliseconds: a snapshot may bring the same trouble again. */
const RECOVERED_MS = 1_000;

/** Key of what is wrong with the source itself, among the ids of its Sessions. */
const WHOLE = '';

/** Creates the log of a source. */
export function createSourceLog(options: SourceLogOptions): SourceLog {
  const { name, log, clock, endsByItself, passingTrouble } = options;
  const troubles = createTroubles();
  const held = createHeldLine(clock);
  /** Whether each Session is done. */
  const sessions = new Map<SessionId, boolean>();
  let cancelRecovery = () => {};
  let isRecovering = false;

  return {
    failed(error, line, waitMs) {
      const message = `Source ${name}: ${line}; next try in ${(waitMs / 1000).toFixed(1)} s`;
      const isForeseen = error instanceof ProviderError;
      const facts = isForeseen ? { code: error.code } : { error };
      const isNew = troubles.add(WHOLE, line);
      if (!isNew || !isForeseen) log(isNew ? 'error' : 'debug', message, facts);
      else if (!endsByItself) log('warn', message, facts);
      else if (isDone())
        log('info', `Source ${name}: it is done, and its connection has ended: ${line}`, facts);
      else held.hold(HOLD_MS, () => log('warn', message, facts));
    },
    changed(change) {
      if (change.type === 'stale') refuse(change.id ?? WHOLE, change.error);
      else if (change.type === 'snapshot') replaceAll(change);
      else if (change.type === 'remove') forget(change.id);
      else accept(change.session.id, change.session.status.done);
    },
    end() {
      held.drop();
      cancelRecovery();
    },
  };

  function refuse(key: SessionId, error: string): void {
    if (!troubles.add(key, error)) return;
    const warn = () => log('warn', `Source ${name}: ${key === WHOLE ? '' : `${key} is refused: `}${error}`);
    if (key === WHOLE && passingTrouble) held.hold(HOLD_MS, warn);
    else warn();
  }

  function replaceAll({ sessions: all }: Extract<Change, { readonly type: 'snapshot' }>): void {
    sessions.clear();
    for (const { id, status } of all) sessions.set(id, status.done);
    awaitRecovery(troubles.markAllOver());
  }

  function accept(id: SessionId, isSessionDone: boolean): void {
    sessions.set(id, isSessionDone);
    const isOver = [id, WHOLE].map(troubles.markOver);
    awaitRecovery(isOver.includes(true));
  }

  function forget(id: SessionId): void {
    sessions.delete(id);
    troubles.forget(id);
  }

  function awaitRecovery(isOver: boolean): void {
    if (!isOver || isRecovering) return;
    isRecovering = true;
    cancelRecovery = clock.after(RECOVERED_MS, logRecovery);
  }

  function logRecovery(): void {
    isRecovering = false;
    for (const key of troubles.takeOver()) {
      if (key === WHOLE && passingTrouble && held.drop()) continue;
      if (key === WHOLE) held.write();
      log('info', `Source ${name}: ${key === WHOLE ? 'it has recovered' : `${key} is accepted again`}`);
    }
  }

  function isDone(): boolean {
    return sessions.size > 0 && [...sessions.values()].every((isSessionDone) => isSessionDone);
  }
}

/** What is wrong with a source and its Sessions, by id. */
function createTroubles() {
  const troubles = new Map<SessionId, { readonly line: string; isOver: boolean }>();

  return {
    /** Returns whether this was not known. */
    add(key: SessionId, line: string): boolean {
      const isNew = troubles.get(key)?.line !== line;
      troubles.set(key, { line, isOver: false });
      return isNew;
    },
    markOver,
    markAllOver: () => [...troubles.keys()].map(markOver).includes(true),
    forget: (key: SessionId) => void troubles.delete(key),
    /** Takes out those that are over. */
    takeOver(): SessionId[] {
      const over = [...troubles].filter(([, { isOver }]) => isOver).map(([key]) => key);
      for (const key of over) troubles.delete(key);
      return over;
    },
  };

  /** Returns whether there was trouble. */
  function markOver(key: SessionId): boolean {
    const trouble = troubles.get(key);
    if (trouble) trouble.isOver = true;
    return trouble !== undefined;
  }
}

/** A line that is written after a while, unless it is dropped before. */
function createHeldLine(clock: Clock) {
  let line: (() => void) | null = null;
  let cancel = () => {};
  const drop = () => {
    const wasHeld = line !== null;
    line = null;
    cancel();
    return wasHeld;
  };
  const write = () => {
    const due = line;
    drop();
    due?.();
  };

  return {
    /** Holds a line back for `ms` milliseconds, or in the place of the one that is held back already. */
    hold(ms: number, next: () => void): void {
      if (line === null) cancel = clock.after(ms, write);
      line = next;
    },
    write,
    /** Returns whether a line was held back. */
    drop,
  };
}
