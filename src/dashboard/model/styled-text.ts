import Anser, { type AnserJsonEntry } from 'anser';
import { plainText } from '../../model/plain-text.js';

/** A part of a line in one style. */
export interface StyledPart {
  readonly text: string;
  /** CSS classes; empty for the default style. */
  readonly style: string;
}

/**
 * Maximum number of ANSI sequences in a line: each one may become an element of the page. A line with more
 * has no colors.
 */
const MAX_SEQUENCES = 200;

/**
 * Parses a line with ANSI sequences. Colors become the closest one of the page's palette, whose contrast is
 * sufficient in the light and the dark theme. Hidden and blinking text is shown as ordinary text.
 */
export function parseStyledText(line: string): readonly StyledPart[] {
  if (!line.includes('\u001b[')) return toParts([{ text: plainText(line), style: '' }]);
  if (line.split('\u001b[', MAX_SEQUENCES + 2).length > MAX_SEQUENCES + 1) {
    return toParts([{ text: plainText(line), style: '' }]);
  }
  return toParts(
    Anser.ansiToJson(line, { use_classes: true }).map((entry) => ({
      text: plainText(entry.content),
      style: findStyle(entry),
    })),
  );
}

/** Joins neighbors with the same style, and leaves out empty parts. */
function toParts(parts: readonly StyledPart[]): readonly StyledPart[] {
  const joined: StyledPart[] = [];
  for (const { text, style } of parts) {
    const last = joined.at(-1);
    if (text === '') continue;
    if (last?.style === style) joined[joined.length - 1] = { text: last.text + text, style };
    else joined.push({ text, style });
  }
  return joined;
}

function findStyle(entry: AnserJsonEntry): string {
  const background = findColor(entry.bg, entry.bg_truecolor, BACKGROUNDS);
  const color = findColor(entry.fg, entry.fg_truecolor, TEXT_COLORS);
  // Text on a background has the color of the page, so that the two always differ enough.
  const classes = [background ? `on-${background}` : color && `in-${color}`];
  for (const decoration of entry.decorations) if (SHOWN.has(decoration)) classes.push(`is-${decoration}`);
  return [...new Set(classes)].filter(Boolean).join(' ');
}

const SHOWN: ReadonlySet<string> = new Set(['bold', 'dim', 'italic', 'underline', 'strikethrough']);

type Color = 'red' | 'yellow' | 'green' | 'cyan' | 'blue' | 'magenta' | 'gray';

/** The colors that are not in the list are those of ordinary text. */
const TEXT_COLORS: Readonly<Record<string, Color>> = {
  red: 'red',
  yellow: 'yellow',
  green: 'green',
  cyan: 'cyan',
  blue: 'blue',
  magenta: 'magenta',
  'bright-black': 'gray',
  'bright-red': 'red',
  'bright-yellow': 'yellow',
  'bright-green': 'green',
  'bright-cyan': 'cyan',
  'bright-blue': 'blue',
  'bright-magenta': 'magenta',
};

/** Reversed text without colors has the background `white`. */
const BACKGROUNDS: Readonly<Record<string, Color>> = {
  ...TEXT_COLORS,
  white: 'gray',
  'bright-white': 'gray',
};

/** @param name the library's name of a color, such as `ansi-bright-red`; null for the default color */
function findColor(
  name: string | null,
  truecolor: string | null,
  colors: Readonly<Record<string, Color>>,
): Color | null {
  if (!name) return null;
  const [, index] = /^ansi-palette-(\d+)$/.exec(name) ?? [];
  if (index !== undefined) return closestColor(paletteColor(Number(index)));
  if (name === 'ansi-truecolor') return closestColor((truecolor ?? '').split(',').map(Number));
  return colors[name.slice('ansi-'.length)] ?? null;
}

/** Red, green and blue of a color of the palette with 256 colors: a cube of 6 x 6 x 6, then grays. */
function paletteColor(index: number): readonly number[] {
  if (index >= 232) return [0, 0, 0];
  const level = (step: number) => (step % 6 === 0 ? 0 : 55 + 40 * (step % 6));
  const at = index - 16;
  return [level(Math.floor(at / 36)), level(Math.floor(at / 6)), level(at)];
}

/** Below this difference of its parts, from 0 to 255, a color counts as a gray. */
const MIN_CHROMA = 40;

/** The color of the page with the closest hue; null for grays, which are shown as ordinary text. */
function closestColor([red = 0, green = 0, blue = 0]: readonly number[]): Color | null {
  const max = Math.max(red, green, blue);
  const chroma = max - Math.min(red, green, blue);
  if (!(chroma >= MIN_CHROMA)) return null;
  const sextant =
    max === red
      ? (green - blue) / chroma
      : max === green
        ? 2 + (blue - red) / chroma
        : 4 + (red - green) / chroma;
  return HUES[Math.round(sextant + 6) % 6] ?? null;
}

const HUES: readonly Color[] = ['red', 'yellow', 'green', 'cyan', 'blue', 'magenta'];
