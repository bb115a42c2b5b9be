import type { Command } from 'commander';
import type { CliProcess } from '../cli-process.js';
import { terminalText } from '../terminal-text.js';
import { candidatesFor } from './candidates.js';
import { readTypedLine } from './command-line.js';
import { askNames } from './names.js';

/**
 * Answers a completion script: a line of value and description, apart by a tab, for each candidate, and a last line with
 * the directive, a sum of {@link NO_SPACE} and {@link NO_FILES}.
 *
 * @param words of the command line after the program's name, the last one as far as it is typed
 */
export async function complete(
  words: readonly string[],
  program: Command,
  env: CliProcess['env'],
): Promise<string> {
  const line = readTypedLine(words, program);
  const candidates = await candidatesFor(line, program, askNames(line, env));
  if (candidates === 'files') return ':0\n';
  const matching = candidates.filter(({ value }) => value.startsWith(line.typed) && isPrintable(value));
  const isOpen = matching.length > 0 && matching.every(({ value }) => /[:=]$/.test(value));
  const lines = matching.map(
    ({ value, description }) => `${line.prefix}${value}\t${terminalText(description)}`,
  );
  return [...lines, `:${NO_FILES + (isOpen ? NO_SPACE : 0)}`, ''].join('\n');
}

/** The word goes on: no space is to follow it. */
const NO_SPACE = 2;
/** Names of files are no candidates. */
const NO_FILES = 4;

/** A name with a line break or a control character would be read as something else, by the script or the terminal. */
function isPrintable(value: string): boolean {
  return terminalText(value) === value && !value.startsWith(':');
}
