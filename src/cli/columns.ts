import { toWidth, widthOf } from './text-width.js';

/** Rows of texts as lines in which columns stand below each other, two spaces apart. */
export function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
  }
  return rows.map((row) =>
    row
      .map((text, column) => toWidth(text, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
