import type { LogLevel, LogLine, LogSelection } from '../model/log.js';

/**
 * Severity of the levels, as Tilt orders them. A level of a newer Tilt is above all others, so that its lines
 * are never hidden.
 */
const SEVERITY: Readonly<Record<LogLevel, number>> = {
  none: 0,
  debug: 1,
  verbose: 2,
  info: 3,
  warn: 4,
  error: 5,
  unknown: 6,
};

/** Whether a line has at least this level. */
export function isAtLeast(line: LogLine, level: LogLevel): boolean {
  return SEVERITY[line.level] >= SEVERITY[level];
}

/** Whether a selection accepts a line. */
export function isSelected(line: LogLine, { resource, target, level }: LogSelection): boolean {
  return (
    (resource === undefined || line.resource === resource) &&
    (target === undefined || line.target === target) &&
    (level === undefined || isAtLeast(line, level))
  );
}
