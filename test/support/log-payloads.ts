import type { LogPayload } from '../../src/dashboard/model/log-tail.js';
import type { LogLine } from '../../src/dashboard/model/types.js';

/** Creates a line of `api:update` as the page receives it. */
export function receivedLine(styledText: string, fields: Partial<LogLine> = {}): LogLine {
  return {
    time: '2026-11-22T12:00:00.000001Z',
    level: 'INFO',
    target: 'api:update',
    styledText,
    ...fields,
  };
}

/** The texts `line 0`, `line 1` and so on. */
export function logLines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index}`);
}

/** Creates a payload of the subscription `log` with these lines. */
export function logPayload(
  lines: readonly (string | LogLine)[],
  fields: Partial<Omit<LogPayload, 'lines'>> = {},
): LogPayload {
  return {
    isAvailable: true,
    reset: false,
    dropped: 0,
    ...fields,
    lines: lines.map((line) => (typeof line === 'string' ? receivedLine(line) : line)),
  };
}
