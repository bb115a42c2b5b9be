import type { Command } from 'commander';
import type { CliProcess } from '../cli-process.js';
import type { AskingFlags } from '../client-options.js';
import { DeclaredOption } from '../options.js';
import { terminalText } from '../safe-text.js';
import { PHASES } from '../target-facts.js';
import { readTypedLine, type TypedLine } from './command-line.js';
import { askNames, type KnownNames } from './names.js';

/**
 * Answers a completion script: a line of value and description, separated by a tab, for each candidate, and a last line with
 * the directive, a sum of {@link NO_SPACE} and {@link NO_FILES}.
 *
 * @param words of the command line after the program's name, the last one as far as it is typed
 * @param asking flags of the commands that ask a gateway for names, by name of the command
 */
export async function complete(
  words: readonly string[],
  program: Command,
  asking: Readonly<Record<string, AskingFlags>>,
  env: CliProcess['env'],
): Promise<string> {
  const line = readTypedLine(words, program);
  const names = askNames(line, asking[line.command.name()], env);
  const candidates = await candidatesFor(line, program, names);
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

/** What a word may become. */
interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What the last word of a command line may become; `files` where it is the name of a file. */
async function candidatesFor(
  { option, command, typed, position, isAfterDashes, isNamed }: TypedLine,
  program: Command,
  names: KnownNames,
): Promise<readonly Candidate[] | 'files'> {
  if (isAfterDashes) return 'files';
  if (option !== null) {
    const completion = option instanceof DeclaredOption ? option.completion : null;
    if (completion === 'files') return 'files';
    if (completion === 'conditions') return conditions(typed, names);
    if (completion === 'sessions') return plain(await names.sessions());
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
