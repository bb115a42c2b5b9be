import { createSessionLog, type LogLimits } from '../../src/logs/session-log.js';
import type { LogLine, SessionLog, TargetExcerpt } from '../../src/model/log.js';

/** A log that a test writes. */
export interface TestLog extends SessionLog {
  /** Appends lines, and drops the oldest beyond the limit. */
  append(...lines: readonly LogLine[]): void;
  /** Counts lines that Tilt dropped before they were read. */
  miss(lines: number): void;
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

/** Creates an empty log. Without limits it keeps all lines. */
export function createTestLog(limits: Partial<LogLimits> = {}): TestLog {
  const log = createSessionLog({ ...UNLIMITED, ...limits });
  let listeners = 0;

  return {
    get position() {
      return log.position;
    },
    get listeners() {
      return listeners;
    },
    append: (...lines) => log.append(lines),
    miss: (lines) => log.append([], undefined, lines),
    tail: log.tail,
    since: log.since,
    subscribe(listener) {
      listeners += 1;
      const unsubscribe = log.subscribe(listener);
      return () => {
        listeners -= 1;
        unsubscribe();
      };
    },
  };
}

const UNLIMITED = {
  lines: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
  totalBytes: Number.POSITIVE_INFINITY,
};
