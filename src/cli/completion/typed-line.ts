import type { Command, Option } from 'commander';

/** Incomplete command line. */
export interface TypedLine {
  readonly command: Command;
  /** Whether the command was typed. False for the default command. */
  readonly isNamed: boolean;
  /** Option whose value is being typed; null when the last word is not the value of an option. */
  readonly option: Option | null;
  /** Start of the last word before the value, such as `--for=`. */
  readonly prefix: string;
  /** Last word as typed so far, without the prefix. */
  readonly typed: string;
  /** Words of the command before the last one, without the option whose value is being typed. */
  readonly given: readonly string[];
  /** Number of positional arguments before the last word. */
  readonly position: number;
  /** Whether `--` comes before the last word. */
  readonly isAfterDashes: boolean;
}

/**
 * Parses the words of a command line after the program's name.
 *
 * @param words the last word is being typed and may be empty
 */
export function parseTypedLine(words: readonly string[], program: Command): TypedLine {
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
    else if (word.startsWith('-')) option = findOptionWithValue(word, command ?? fallback);
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

/** Finds an option that takes its value from the next word. Null for a flag and for an unknown option. */
function findOptionWithValue(word: string, command: Command): Option | null {
  const option = findOption(word, command);
  return option?.required === true ? option : null;
}

function findOption(flag: string, command: Command): Option | null {
  return command.options.find(({ long, short }) => flag === long || flag === short) ?? null;
}
