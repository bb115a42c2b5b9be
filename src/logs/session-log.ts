import type { LogLevel, LogLine, LogSelection, LogSlice, SessionLog } from '../model/log.js';
import { createKeptLines, type HiddenLine, type KeptLines } from './kept-lines.js';

/** Bounds of the memory of a log. A line counts with its text in UTF-8 and 200 bytes. */
export interface LogLimits {
  /** Lines of a resource. Default: 1,000. */
  readonly lines: number;
  /** Bytes of the lines of a resource. Default: 256 KiB. */
  readonly bytes: number;
  /** Bytes of the lines of a Tilt. Default: 4 MiB. */
  readonly totalBytes: number;
  /** Longest line, in bytes of UTF-8. A longer one is cut and ends with "…". Default: 4 KiB. */
  readonly lineBytes: number;
}

/** Default bounds of the log of a Tilt. */
export const DEFAULT_LOG_LIMITS: LogLimits = {
  lines: 1_000,
  bytes: 256 * 1024,
  totalBytes: 4 * 1024 * 1024,
  lineBytes: 4 * 1024,
};

/** A log with its write side, for the provider that owns it. */
export interface WritableLog extends SessionLog {
  /**
   * Appends a batch of lines and drops the oldest ones beyond the limits. Lines of a batch must be in order.
   * Hidden lines count as dropped.
   *
   * @param leftOut number of lines by resource that precede the batch and were not worth keeping, because
   * newer lines exceed the limits. They count as dropped, and so do all older lines of the resource.
   * @param missing number of lines of unknown resources that precede the batch and were not received. They
   * count as dropped; older lines are kept. Default: 0.
   */
  append(
    lines: readonly (LogLine | HiddenLine)[],
    leftOut?: ReadonlyMap<string, number>,
    missing?: number,
  ): void;
  /** Drops all lines, for a new run of Tilt. Positions continue. */
  clear(): void;
}

/**
 * Creates an empty log. It keeps the newest lines within the limits and drops the oldest first: those of the
 * resource beyond `lines` or `bytes`, and the oldest of all beyond `totalBytes`.
 *
 * `dropped` of `since` is exact for a selection by resource and for the whole log, apart from missing lines.
 * A selection by target or level counts all lines of its resource, or of the log, that are no longer kept,
 * since their targets and levels are no longer known. Every selection counts all missing lines, whose
 * resources are unknown. The number is too low for a reader that is behind by more than 32,768 batches
 * divided by the number of resources. The 2,000 resources that wrote last are kept; lines of a forgotten one
 * only count in selections without a resource.
 */
export function createSessionLog(limits: Partial<LogLimits> = {}): WritableLog {
  const kept = createKeptLines({ ...DEFAULT_LOG_LIMITS, ...limits });
  const listeners = new Set<{ readonly call: () => void }>();

  return {
    get position() {
      return kept.position;
    },
    append(lines, leftOut = NOTHING, missing = 0) {
      const start = kept.position;
      kept.append(lines, leftOut, missing);
      if (kept.position === start) return;
      for (const { call } of [...listeners]) call();
    },
    clear: () => kept.clear(),
    tail: (selection, last) => read(kept, selection, 0, last, false).lines,
    since(from, selection, limit): LogSlice {
      const { lines, after, matching } = read(kept, selection, from, limit, true);
      const gone = kept.countAfter(from, selection.resource) - after;
      return { lines, dropped: gone + matching - lines.length, position: kept.position };
    },
    subscribe(listener) {
      const entry = { call: listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
  };
}

const NOTHING: ReadonlyMap<string, number> = new Map();

/**
 * Reads the newest selected lines after a position. With `countAll` it counts all kept lines after the
 * position (`after`) and the selected ones (`matching`); otherwise it stops at the limit.
 */
function read(kept: KeptLines, selection: LogSelection, from: number, limit: number, countAll: boolean) {
  const { items, start } = kept.queue(selection.resource);
  const lines: LogLine[] = [];
  let after = 0;
  let matching = 0;
  for (let at = items.length - 1; at >= start && (countAll || lines.length < limit); at -= 1) {
    const entry = items[at];
    if (entry === undefined || entry.index < from) break;
    const { line } = entry;
    if (line === null) continue;
    after += 1;
    if (!isSelected(line, selection)) continue;
    matching += 1;
    if (lines.length < limit) lines.push(line);
  }
  return { lines: lines.reverse(), after, matching };
}

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
function isAtLeast(line: LogLine, level: LogLevel): boolean {
  return SEVERITY[line.level] >= SEVERITY[level];
}

/** Whether a selection accepts a line. */
function isSelected(line: LogLine, { resource, target, level }: LogSelection): boolean {
  return (
    (resource === undefined || line.resource === resource) &&
    (target === undefined || line.target === target) &&
    (level === undefined || isAtLeast(line, level))
  );
}
