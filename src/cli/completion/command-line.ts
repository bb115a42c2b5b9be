import type { Command, Option } from 'commander';

/** A command line that is being typed. */
export interface TypedLine {
  readonly command: Command;
  /** Whether the command was typed, rather than the default one. */
  readonly isNamed: boolean;
  /** The option that the last word is the value of. */
  readonly option: Option | null;
  /** The start of the last word that is no part of the value, such as `--for=`. */
  readonly prefix: string;
  /** The last word, as far as it is typed, without the prefix. */
  readonly typed: string;
  /** The words of the command before the last one, without the option that the last one is the value of. */
  readonly given: readonly string[];
  /** How many arguments of the command stand before the last word. */
  readonly position: number;
  /** Whether `--` stands before the last word. */
  readonly isAfterDashes: boolean;
}

/**
 * Reads the words of a command line after the program's name.
 *
 * @param words the last one is being typed, and may be empty
 */
export function readTypedLine(words: readonly string[], program: Command): TypedLine {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const fallback = program.commands.find((command) => command.name() === 'serve') ?? program;
  let command: Command | null = null;
  let option: Option | null = null;
  let position = 0;
  let isAfterDashes = false;
  for (const word of before) {
    if (option !== null) option = null;
    else if (isAfterDashes) position += 1;
    else if (word === '--') isAfterDashes = true;
    else if (word.startsWith('-')) option = optionBefore(word, command ?? fallback);
    else {
      const named: Command | undefined =
        command === null && position === 0
          ? program.commands.find((candidate) => candidate.name() === word)
          : undefined;
      if (named) command = named;
      else position += 1;
    }
  }
  const isNamed = command !== null;
  const given = before.slice(isNamed ? 1 : 0, option === null ? undefined : -1);
  const line = { command: command ?? fallback, isNamed, given, position, isAfterDashes };
  const [, flag = '', value = ''] = /^(--[^=]+)=(.*)$/s.exec(last) ?? [];
  const assigned = option === null && flag !== '' ? findOption(flag, line.command) : null;
  if (assigned !== null) return { ...line, option: assigned, prefix: `${flag}=`, typed: value };
  return { ...line, option, prefix: '', typed: last };
}

/** The option of a word that takes the next word as its value. */
function optionBefore(word: string, command: Command): Option | null {
  const option = findOption(word, command);
  return option?.required === true ? option : null;
}

function findOption(flag: string, command: Command): Option | null {
  return command.options.find(({ long, short }) => flag === long || flag === short) ?? null;
}
