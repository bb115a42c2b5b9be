import type { LogLine } from '../../client/client.js';
import { plainText } from '../../model/plain-text.js';
import {
  jsonText,
  lineText,
  logText,
  toWidth,
  widthOf,
  withoutInlineCommands,
  withoutLogCommands,
} from '../text.js';

/** A line of the log of a Session. */
export interface PrintedLine extends LogLine {
  /** Id of the Session. A log without a named one continues with another Session when its own is deleted. */
  readonly session: string | null;
}

/** Formats lines of logs, each with a line break. */
export type LogFormat = (lines: readonly PrintedLine[]) => string;

/** Format of lines for people. */
export interface TextFormatOptions {
  /** Whether each line starts with the name of its resource. */
  readonly hasPrefix: boolean;
  /** Whether colors are used: those of the lines, and one for the name of each resource. */
  readonly isColored: boolean;
}

/** Formats JSON lines. `text` is plain text, and `styledText` is left out. */
export const formatJson: LogFormat = (lines) =>
  lines
    .map(
      ({ session, time, level, resource, target, text }) =>
        `${jsonText({ session, time, level, resource, target, text })}\n`,
    )
    .join('');

/** Longest name of a resource in a prefix, in columns. A longer one loses its start. */
const MAX_NAME = 24;

/** Creates the format of lines for people. Prefixes have the width of the longest name so far. */
export function createTextFormat({ hasPrefix, isColored }: TextFormatOptions): LogFormat {
  let width = 0;
  const textOf = (line: LogLine) => (isColored ? styled(line) : withoutInlineCommands(logText(line.text)));

  return (lines) => {
    if (!hasPrefix) return lines.map((line) => `${withoutLogCommands(textOf(line))}\n`).join('');
    const names = lines.map(({ resource }) => withoutLogCommands(lineText(resource)));
    for (const name of names) width = Math.max(width, Math.min(widthOf(name), MAX_NAME));
    return lines.map((line, index) => `${prefixOf(names[index] ?? '')}${textOf(line)}\n`).join('');
  };

  function prefixOf(name: string): string {
    const column = `${toWidth(name, width, 'end')} │ `;
    return isColored ? `\u001b[${colorOf(name)}m${column}${RESET}` : column;
  }
}

const RESET = '\u001b[0m';

const ESCAPE = '\\u001b';

/** A sequence that sets colors and styles. */
const STYLE = new RegExp(`(${ESCAPE}\\[[\\d;:]*m)`);

/** Keeps colors and styles. A gateway removes other sequences, and so does this: it may be any gateway. */
function styled({ styledText }: LogLine): string {
  if (!styledText.includes('\u001b')) return withoutInlineCommands(logText(styledText));
  const parts = styledText.split(STYLE).map((part, index) => (index % 2 === 1 ? part : plainPart(part)));
  return `${parts.join('')}${RESET}`;
}

function plainPart(part: string): string {
  return withoutInlineCommands(plainText(part).replaceAll('\t', '    ').replaceAll('\n', ' '));
}

/** Colors of names (SGR): without red, which stands for errors, and without black and white. */
const COLORS = ['36', '33', '35', '32', '34', '96', '93', '95', '92', '94'] as const;

/** The same color for the same name in each run. */
function colorOf(name: string): string {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return COLORS[hash % COLORS.length] ?? COLORS[0];
}
