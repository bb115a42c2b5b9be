import type { Command } from 'commander';
import { PHASES } from '../phases.js';
import type { TypedLine } from './command-line.js';

/** What a word may become. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Names that a gateway knows. Both resolve with an empty list where there is no answer. */
export interface KnownNames {
  sessions(): Promise<readonly string[]>;
  targets(): Promise<readonly string[]>;
}

/** What the last word of a command line may become; `files` where it is the name of a file. */
export async function candidatesFor(
  line: TypedLine,
  program: Command,
  names: KnownNames,
): Promise<readonly Candidate[] | 'files'> {
  const { option, command, typed, position, isAfterDashes, isNamed } = line;
  if (isAfterDashes) return 'files';
  if (option !== null) {
    if (/<(file|path|spec)>/.test(option.flags) && option.long !== '--path-prefix') return 'files';
    if (option.long === '--for') return conditions(typed, names);
    if (option.long === '--session') return plain(await names.sessions());
    return plain(option.argChoices ?? []);
  }
  if (typed.startsWith('-')) return [...flagsOf(command), ...(isNamed ? [] : flagsOf(program))];
  if (!isNamed) return position === 0 ? commandsOf(program) : [];
  if (command.name() === 'help') return position === 0 ? commandsOf(program) : [];
  return plain(command.registeredArguments[position]?.argChoices ?? []);
}

async function conditions(typed: string, names: KnownNames): Promise<readonly Candidate[]> {
  const [, target] = /^target:(.+)=[^=]*$/s.exec(typed) ?? [];
  if (target !== undefined) return plain(PHASES.map((phase) => `target:${target}=${phase}`));
  if (!typed.startsWith('target:')) return CONDITIONS;
  return plain((await names.targets()).map((name) => `target:${name}=`));
}

const CONDITIONS: readonly Candidate[] = [
  { value: 'ready', description: 'every enabled target is ready or has succeeded' },
  { value: 'done', description: 'tilt ci has passed' },
  { value: 'target:', description: 'NAME=PHASE: a target is in a phase' },
];

function commandsOf(program: Command): Candidate[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({ value: command.name(), description: command.description() }));
}

function flagsOf(command: Command): Candidate[] {
  const options = command.createHelp().visibleOptions(command);
  return options.flatMap(({ long, short, description }) =>
    [long, short].flatMap((flag) => (flag ? [{ value: flag, description }] : [])),
  );
}

function plain(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value, description: '' }));
}
