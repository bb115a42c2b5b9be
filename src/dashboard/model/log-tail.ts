import { parseStyledText, type StyledPart } from './styled-text.js';
import type { LogLine } from './types.js';

/** Number of lines that the page keeps and shows. */
export const MAX_LINES = 1_000;

/** The newest lines of a log. */
export interface LogTail {
  /** Whether the gateway has the log; null until the first payload. */
  readonly isAvailable: boolean | null;
  /** The newest lines, at most {@link MAX_LINES}, oldest first, and the gaps between them. */
  readonly items: readonly LogItem[];
  /** Number of lines before the first item that were received or announced, and are not shown. */
  readonly earlier: number;
  /** Number of lines so far, including those that were not sent. */
  readonly received: number;
  /** Lines of the current interval. */
  readonly rate: LineRate;
}

/** A line, or a number of lines that were not sent. */
export type LogItem = ShownLine | LogGap;

/** A line that is shown. */
export interface ShownLine {
  readonly type: 'line';
  /** Unique on the page. */
  readonly id: number;
  readonly line: LogLine;
  readonly parts: readonly StyledPart[];
  /** Text of the parts. */
  readonly text: string;
}

interface LogGap {
  readonly type: 'gap';
  readonly id: number;
  /** Number of lines that were not sent. */
  readonly count: number;
}

/** New lines of a log. */
export interface LogPayload {
  readonly isAvailable: boolean | null;
  readonly reset: boolean;
  readonly lines: readonly LogLine[];
  readonly dropped: number;
}

interface LineRate {
  /** Start of the interval in milliseconds since 1970. */
  readonly since: number;
  readonly lines: number;
  /** Whether more lines arrived in this interval or the previous one than a screen reader can speak. */
  readonly isFast: boolean;
}

/** The tail before the first payload. */
export const EMPTY_TAIL: LogTail = {
  isAvailable: null,
  items: [],
  earlier: 0,
  received: 0,
  rate: { since: 0, lines: 0, isFast: true },
};

/** Makes a line ready to be shown. */
export function showLine(line: LogLine, id: number): ShownLine {
  const parts = parseStyledText(line.styledText);
  return { type: 'line', id, line, parts, text: parts.map(({ text }) => text).join('') };
}

/**
 * Applies a payload: clears on `reset`, then appends. The oldest lines above {@link MAX_LINES} are dropped
 * and counted. The lines of a log that is no longer available stay as its last lines.
 *
 * @param now milliseconds since 1970
 */
export function applyPayload(tail: LogTail, payload: LogPayload, now: number): LogTail {
  const { isAvailable, reset } = payload;
  if (isAvailable !== true) return { ...tail, isAvailable };
  // Only the newest lines of a payload are shown: the others need no parsing.
  const lines = payload.lines.slice(-MAX_LINES);
  const missing = payload.dropped + payload.lines.length - lines.length;
  // The numbers continue after a reset: the page must not mix up old and new lines.
  const first = tail.received + missing;
  const added = lines.map((line, index) => showLine(line, first + index));
  const before = withGap(reset ? [] : tail.items, missing, tail.received);
  const { items, removed } = keepNewest([...before, ...added]);
  return {
    isAvailable,
    items,
    earlier: (reset ? 0 : tail.earlier) + removed,
    received: first + lines.length,
    rate: measureRate(tail.rate, payload, now),
  };
}

/** Appends a gap, or makes the last one longer. */
function withGap(items: readonly LogItem[], count: number, id: number): readonly LogItem[] {
  if (count === 0) return items;
  const last = items.at(-1);
  if (last?.type !== 'gap') return [...items, { type: 'gap', id, count }];
  return [...items.slice(0, -1), { ...last, count: last.count + count }];
}

/** Drops the oldest lines above the limit, and gaps before the first line. */
function keepNewest(items: readonly LogItem[]): {
  readonly items: readonly LogItem[];
  /** Number of lines that are not shown any more. */
  readonly removed: number;
} {
  let excess = items.filter(({ type }) => type === 'line').length - MAX_LINES;
  let removed = 0;
  let from = 0;
  for (const item of items) {
    if (item.type === 'line' && excess <= 0) break;
    if (item.type === 'line') excess -= 1;
    removed += item.type === 'line' ? 1 : item.count;
    from += 1;
  }
  return { items: items.slice(from), removed };
}

/** Interval in which lines are counted, in milliseconds. */
const RATE_MS = 5_000;

/** Lines per interval above which a screen reader would only be flooded. */
const MAX_SPOKEN_LINES = 8;

function measureRate(rate: LineRate, { reset, lines }: LogPayload, now: number): LineRate {
  // Lines from before the log was opened are not announced.
  if (reset) return { since: now, lines: 0, isFast: lines.length > 0 };
  const elapsed = now - rate.since;
  if (elapsed < RATE_MS) {
    const count = rate.lines + lines.length;
    return { ...rate, lines: count, isFast: rate.isFast || count > MAX_SPOKEN_LINES };
  }
  const wasFast = elapsed < 2 * RATE_MS && rate.lines > MAX_SPOKEN_LINES;
  return { since: now, lines: lines.length, isFast: wasFast || lines.length > MAX_SPOKEN_LINES };
}
