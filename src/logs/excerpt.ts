import type { Clock } from '../lib/clock.js';
import type { LogLine, SessionLog, TargetExcerpt } from '../model/log.js';
import { type MicroTime, parseMicros } from '../model/micro-time.js';
import type { Session, Target, TerminatedState } from '../model/session.js';
import { removeStyles } from './styled-text.js';

/** Excerpts of the log for the failed targets of a Session. */
export interface Excerpts {
  /**
   * Returns the excerpts of the targets that have failed in this state of the Session: at most 32, those that
   * failed first. Call it with each state, and again after each call of `onChange`. The array is the same
   * object until an excerpt changes. An excerpt does not change once it is final: a second after the failure
   * was first seen, or when the connection has ended.
   */
  read(session: Session): readonly TargetExcerpt[];
  /** Makes all excerpts final, and later ones at once: the connection has ended and all of it is read. */
  end(): void;
  /** Gives later failures their second again, after `end`: new lines may arrive. */
  resume(): void;
  /** Cancels the timers. */
  dispose(): void;
}

/** Dependencies of the excerpts. */
export interface ExcerptsOptions {
  readonly log: SessionLog;
  readonly clock: Clock;
  /** Ends the unfinished lines of a target in the log, before its excerpt becomes final. */
  readonly flush: (target: string) => void;
  /** Called when the result of `read` may have changed: new lines in the log, or an excerpt that is final. */
  readonly onChange: () => void;
}

const MAX_EXCERPTS = 32;
const MAX_LINES = 50;
const MAX_BYTES = 8_000;

/** Time for the last lines to arrive after the failure. Tilt sends them within 200 ms. */
const FINAL_AFTER_MS = 1_000;

/** An excerpt, and the timer that makes it final. */
interface Tracked {
  excerpt: TargetExcerpt;
  /** Name of the target, which differs from its key if names repeat. */
  readonly name: string;
  readonly resource: string;
  readonly cancel: () => void;
}

/** Creates the excerpts of a Session whose failures are not known yet. */
export function createExcerpts({ log, clock, flush, onChange }: ExcerptsOptions): Excerpts {
  /** In the order of the failures. */
  const tracked = new Map<string, Tracked>();
  let current: readonly TargetExcerpt[] = [];
  let hasEnded = false;
  /** Whether the log has new lines, of any resource, since the last `read`. */
  let hasNewLines = false;
  let unsubscribe: (() => void) | null = null;

  return {
    read(session) {
      const failed = findFailed(session);
      for (const [key, entry] of tracked) if (!failed.has(key)) forget(key, entry);
      refreshWaiting();
      for (const [key, [target, state]] of failed) if (!tracked.has(key)) track(key, target, state);
      followLog();
      const excerpts = [...tracked.values()].map(({ excerpt }) => excerpt);
      if (!sameItems(current, excerpts)) current = excerpts;
      return current;
    },
    end() {
      hasEnded = true;
      for (const entry of [...tracked.values()]) complete(entry);
      followLog();
    },
    resume() {
      hasEnded = false;
    },
    dispose() {
      for (const [key, entry] of tracked) forget(key, entry);
      followLog();
    },
  };

  function track(key: string, target: Target, state: TerminatedState): void {
    if (tracked.size >= MAX_EXCERPTS) return;
    const { startTime, finishTime } = state;
    const entry: Tracked = {
      excerpt: { target: target.key, startTime, finishTime, lines: [], omitted: 0, isFinal: false },
      name: target.name,
      resource: target.resources[0] ?? '',
      cancel: hasEnded ? () => {} : clock.after(FINAL_AFTER_MS, () => finish(entry)),
    };
    tracked.set(key, entry);
    if (hasEnded) complete(entry);
    else refresh(entry);
  }

  function finish(entry: Tracked): void {
    complete(entry);
    followLog();
    onChange();
  }

  function complete(entry: Tracked): void {
    if (entry.excerpt.isFinal) return;
    entry.cancel();
    flush(entry.excerpt.target);
    entry.excerpt = { ...createExcerpt(log, entry), isFinal: true };
  }

  function forget(key: string, { cancel }: Tracked): void {
    cancel();
    tracked.delete(key);
  }

  /** Reads the lines of excerpts that are not final again: once, however many batches of lines there were. */
  function refreshWaiting(): void {
    if (!hasNewLines) return;
    hasNewLines = false;
    for (const entry of tracked.values()) if (!entry.excerpt.isFinal) refresh(entry);
  }

  /** Reads the lines again. The excerpt stays the same object if they are the same. */
  function refresh(entry: Tracked): void {
    const excerpt = createExcerpt(log, entry);
    if (sameItems(entry.excerpt.lines, excerpt.lines) && entry.excerpt.omitted === excerpt.omitted) return;
    entry.excerpt = excerpt;
  }

  /** Listens to the log only while lines may still arrive for an excerpt. */
  function followLog(): void {
    const isWaiting = [...tracked.values()].some(({ excerpt }) => !excerpt.isFinal);
    if (isWaiting) {
      unsubscribe ??= log.subscribe(onLines);
      return;
    }
    unsubscribe?.();
    unsubscribe = null;
  }

  function onLines(): void {
    hasNewLines = true;
    onChange();
  }
}

/** Finds the failed targets of a Session, by their key and the times of their state. */
function findFailed({ status }: Session): Map<string, [Target, TerminatedState]> {
  const failed = new Map<string, [Target, TerminatedState]>();
  for (const target of status.targets) {
    const { state } = target;
    if (state.is !== 'terminated' || state.error === null) continue;
    failed.set(`${state.startTime} ${state.finishTime} ${target.key}`, [target, state]);
  }
  return failed;
}

/**
 * Reads the last lines of a target's start: at most 50 and 8 kB, cut at the start. `omitted` counts the lines
 * of this start that are still kept in the log. Tilt's own closing line repeats the error of the target and
 * is left out.
 */
function createExcerpt(log: SessionLog, { excerpt, name, resource }: Tracked): TargetExcerpt {
  const all = log.tail({ resource, target: excerpt.target }, Number.POSITIVE_INFINITY);
  const lines = withoutClosing(all.slice(findStart(all, excerpt.startTime)), name);
  let start = lines.length;
  for (let bytes = 0; start > 0 && lines.length - start < MAX_LINES; start -= 1) {
    bytes += Buffer.byteLength(lines[start - 1]?.styledText ?? '');
    if (bytes > MAX_BYTES) break;
  }
  return { ...excerpt, lines: lines.slice(start), omitted: start };
}

/** Index of the first line of a start. A time with nanoseconds may be truncated in one of them. */
function findStart(lines: readonly LogLine[], startTime: MicroTime | null): number {
  const start = startTime === null ? null : parseMicros(startTime);
  if (start === null) return 0;
  const before = lines.findLastIndex(({ time }) => (parseMicros(time) ?? start) < start);
  return before + 1;
}

/**
 * Removes the error with which Tilt ends the log of a build: `Build Failed: Command … failed: exit status 1`.
 */
function withoutClosing(lines: readonly LogLine[], name: string): readonly LogLine[] {
  if (!name.endsWith(':update')) return lines;
  const closing = lines.find(
    ({ level, styledText }) => level === 'error' && removeStyles(styledText).startsWith('Build Failed: '),
  );
  // All lines of one message of Tilt have the same time.
  return closing === undefined
    ? lines
    : lines.filter(({ level, time }) => level !== 'error' || time !== closing.time);
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
