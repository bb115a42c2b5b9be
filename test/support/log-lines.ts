import type { LogLevel, LogLine, LogSelection, SessionLog, TargetExcerpt } from '../../src/model/log.js';

/** A log that a test writes. */
export interface TestLog extends SessionLog {
  /** Appends lines, and drops the oldest beyond the limit. */
  append(...lines: readonly LogLine[]): void;
  /** Number of listeners, for leak tests. */
  readonly listeners: number;
}

/** Creates a line of the resource `api`. */
export function logLine(styledText: string, fields: Partial<LogLine> = {}): LogLine {
  return {
    time: '2026-11-22T12:00:00.000001Z',
    level: 'info',
    resource: 'api',
    target: 'api:update',
    styledText,
    ...fields,
  };
}

/** Creates the excerpt of a target in the state `failed` (`sessions.ts`). */
export function targetExcerpt(target: string, fields: Partial<TargetExcerpt> = {}): TargetExcerpt {
  return {
    target,
    startTime: '2026-11-22T11:00:00.000001Z',
    finishTime: '2026-11-22T11:00:02.250002Z',
    lines: [logLine('\u001b[31mFAIL\u001b[0m adds numbers', { target })],
    omitted: 3,
    isFinal: true,
    ...fields,
  };
}

const LEVELS: readonly LogLevel[] = ['none', 'debug', 'verbose', 'info', 'warn', 'error', 'unknown'];

/**
 * Creates a log of the simplest kind: one list.
 *
 * @param kept number of lines that are kept
 */
export function createTestLog(kept = Number.POSITIVE_INFINITY): TestLog {
  const listeners = new Set<() => void>();
  let all: readonly LogLine[] = [];

  return {
    get position() {
      return all.length;
    },
    get listeners() {
      return listeners.size;
    },
    append(...lines) {
      all = [...all, ...lines];
      for (const listener of listeners) listener();
    },
    tail: (selection, last) => (last === 0 ? [] : keptLines(0, selection).slice(-last)),
    since(position, selection, limit) {
      const lines = limit === 0 ? [] : keptLines(position, selection).slice(-limit);
      const logged = all.slice(position).filter((line) => isSelected(line, selection));
      return { lines, dropped: logged.length - lines.length, position: all.length };
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  function keptLines(position: number, selection: LogSelection): readonly LogLine[] {
    return all.slice(Math.max(position, all.length - kept)).filter((line) => isSelected(line, selection));
  }
}

function isSelected({ resource, target, level }: LogLine, selection: LogSelection): boolean {
  return (
    (selection.resource ?? resource) === resource &&
    (selection.target ?? target) === target &&
    (selection.level === undefined || LEVELS.indexOf(level) >= LEVELS.indexOf(selection.level))
  );
}
