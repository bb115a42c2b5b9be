import { toWidth, widthOf } from './text-width.js';

/** Rows of texts as lines in which columns stand below each other, two spaces apart. */
export function inColumns(
  rows: readonly (readonly string[])[],
  /** Width that no line exceeds: the widest columns are cut first. Default: none. */
  maxWidth = Number.POSITIVE_INFINITY,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
  }
  const cap = capFor(widths, maxWidth - GAP.length * (widths.length - 1));
  return rows.map((row) => {
    const line = row.map((text, column) => toWidth(text, Math.min(widths[column] ?? 0, cap))).join(GAP);
    return (widthOf(line) > maxWidth ? toWidth(line, maxWidth) : line).trimEnd();
  });
}

const GAP = '  ';
/** A column narrower than this says nothing: beyond that, lines are cut at their end. */
const MIN_WIDTH = 6;

/** The width to which columns are cut: narrow ones keep theirs, the others share the rest of the room. */
function capFor(widths: readonly number[], room: number): number {
  let left = room;
  for (const [index, width] of widths.toSorted((a, b) => a - b).entries()) {
    const share = Math.floor(left / (widths.length - index));
    if (width > share) return Math.max(MIN_WIDTH, share);
    left -= width;
  }
  return Number.POSITIVE_INFINITY;
}
