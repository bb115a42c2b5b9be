/** How many columns of a terminal a text takes: two for wide characters (East Asian ones, emoji), none for accents. */
export function widthOf(text: string): number {
  if (isAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

/** A text made exactly so many columns wide: filled up with spaces, or cut with an ellipsis. */
export function toWidth(text: string, columns: number): string {
  const width = widthOf(text);
  if (width <= columns) return text + ' '.repeat(columns - width);
  if (columns <= 0) return '';
  let kept = '';
  let room = columns - 1;
  for (const { segment } of graphemes.segment(text)) {
    room -= widthOfGrapheme(segment);
    if (room < 0) break;
    kept += segment;
  }
  return toWidth(`${kept}…`, columns);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function widthOfGrapheme(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2;
  return INVISIBLE.test(grapheme) ? 0 : 1;
}

/** Unicode's East Asian Width, in the blocks where it is wide, and what is shown as an emoji. */
const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
const INVISIBLE = /^[\p{M}\p{Cf}]/u;

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
