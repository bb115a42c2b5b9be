import type { LogItem } from './log-tail.js';
import type { StyledPart } from './styled-text.js';

/** A place in a line where the searched words are. */
export interface LogMatch {
  /** Id of the line. */
  readonly line: number;
  /** Positions in the text of the line. */
  readonly start: number;
  readonly end: number;
}

/** Maximum number of matches: each one is an element of the page. */
export const MAX_MATCHES = 1_000;

/**
 * Finds a text in the lines, in upper or lower case. Returns the newest matches, at most {@link MAX_MATCHES},
 * oldest first.
 */
export function findMatches(items: readonly LogItem[], query: string): readonly LogMatch[] {
  if (query === '') return [];
  // Not `toLowerCase`, which changes the length of some texts.
  const pattern = new RegExp(query.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'giu');
  const newest: LogMatch[] = [];
  for (const item of items.toReversed()) {
    if (item.type === 'gap') continue;
    const found = [...item.text.matchAll(pattern)].map(({ 0: { length }, index }) => ({
      line: item.id,
      start: index,
      end: index + length,
    }));
    newest.push(...found.reverse());
    if (newest.length >= MAX_MATCHES) break;
  }
  return newest.slice(0, MAX_MATCHES).reverse();
}

/** A part of a line in one style, inside or outside of a match. */
export interface MarkedPart extends StyledPart {
  /** Position in the text of the line. */
  readonly start: number;
  /** The match that the part belongs to; null outside of matches. */
  readonly match: LogMatch | null;
}

/**
 * Splits the parts of a line at the edges of matches.
 *
 * @param matches matches in this line, in order
 */
export function markParts(parts: readonly StyledPart[], matches: readonly LogMatch[]): readonly MarkedPart[] {
  const marked: MarkedPart[] = [];
  let at = 0;
  let next = 0;
  for (const { text, style } of parts) {
    const end = at + text.length;
    let from = at;
    while (from < end) {
      while (next < matches.length && (matches[next]?.end ?? 0) <= from) next += 1;
      const match = matches[next] ?? null;
      const isInside = match !== null && match.start <= from;
      const to = Math.min(end, match === null ? end : isInside ? match.end : match.start);
      marked.push({
        start: from,
        text: text.slice(from - at, to - at),
        style,
        match: isInside ? match : null,
      });
      from = to;
    }
    at = end;
  }
  return marked;
}

/** Groups matches by the id of their line. */
export function groupMatches(matches: readonly LogMatch[]): ReadonlyMap<number, readonly LogMatch[]> {
  const groups = new Map<number, LogMatch[]>();
  for (const match of matches) {
    const group = groups.get(match.line);
    if (group) group.push(match);
    else groups.set(match.line, [match]);
  }
  return groups;
}
