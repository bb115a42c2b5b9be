import type { Command } from 'commander';
import type { CliProcess } from '../cli-process.js';
import type { SessionFlags } from '../options/client.js';
import { DeclaredOption } from '../options/option.js';
import { PHASES } from '../options/values.js';
import { terminalText } from '../text.js';
import { FILTER_KEYS, FILTER_TYPES } from '../watch/filter.js';
import { createKnownNames, type KnownNames } from './known-names.js';
import { parseTypedLine, type TypedLine } from './typed-line.js';

/** Directive: append no space, because the word continues. */
const NO_SPACE = 2;
/** Directive: do not suggest file names. */
const NO_FILES = 4;

/**
 * Answers a completion script: one line per candidate with its value and description, separated by a tab,
 * and a last line with the directives, a sum of {@link NO_SPACE} and {@link NO_FILES}.
 *
 * @param words words after the program's name; the last one is incomplete
 * @param sessionFlags option values of the commands that query a gateway, by command name
 */
export async function complete(
  words: readonly string[],
  program: Command,
  sessionFlags: Readonly<Record<string, SessionFlags>>,
  env: CliProcess['env'],
): Promise<string> {
  const line = parseTypedLine(words, program);
  const names = createKnownNames(line, sessionFlags[line.command.name()], env);
  const candidates = await findCandidates(line, program, names);
  if (candidates === 'files') return ':0\n';
  const matching = candidates.filter(({ value }) => value.startsWith(line.typed) && isPrintable(value));
  const isContinued = matching.length > 0 && matching.every(({ value }) => /[:=]$/.test(value));
  const lines = matching.map(
    ({ value, description }) => `${line.prefix}${value}\t${terminalText(description)}`,
  );
  return [...lines, `:${NO_FILES + (isContinued ? NO_SPACE : 0)}`, ''].join('\n');
}

/** Whether a name has no characters that the completion script or the terminal would interpret. */
function isPrintable(value: string): boolean {
  return terminalText(value) === value && !value.startsWith(':');
}

/** Possible completion of a word. */
interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Finds completions of the last word. `files` when it is a file name. */
async function findCandidates(
  { option, command, typed, position, isAfterDashes, isNamed }: TypedLine,
  program: Command,
  names: KnownNames,
): Promise<readonly Candidate[] | 'files'> {
  if (isAfterDashes) return 'files';
  if (option !== null) {
    const completion = option instanceof DeclaredOption ? option.completion : null;
    if (completion === 'files') return 'files';
    if (completion === 'conditions') return findConditions(typed, names);
    if (completion === 'filters') return findFilters(typed, names);
    if (completion === 'sessions') return toCandidates(await names.sessions());
    return toCandidates(option.argChoices ?? []);
  }
  if (typed.startsWith('-')) return [...flagsOf(command), ...(isNamed ? [] : flagsOf(program))];
  if (!isNamed || command.name() === 'help') return position === 0 ? commandsOf(program) : [];
  const { registeredArguments } = command;
  const argument = registeredArguments[position] ?? registeredArguments.findLast(({ variadic }) => variadic);
  if (argument?.name() === 'resources') return toCandidates(await names.resources());
  return toCandidates(argument?.argChoices ?? []);
}

async function findConditions(typed: string, names: KnownNames): Promise<readonly Candidate[]> {
  const [, target] = /^target:(.+)=[^=]*$/s.exec(typed) ?? [];
  if (target !== undefined) return toCandidates(PHASES.map((phase) => `target:${target}=${phase}`));
  if (!typed.startsWith('target:')) return CONDITIONS;
  return toCandidates((await names.targets()).map((name) => `target:${name}=`));
}

const CONDITIONS: readonly Candidate[] = [
  { value: 'ready', description: 'every enabled target is ready or has succeeded' },
  { value: 'done', description: 'tilt ci has passed' },
  { value: 'target:', description: 'NAME=PHASE: a target is in a phase' },
];

/** Completes a filter term: a key, or the value that is being typed of a list. */
async function findFilters(typed: string, names: KnownNames): Promise<readonly Candidate[]> {
  const [, key = '', earlier = ''] = /^([a-z]+)=(.*,)?[^,]*$/.exec(typed) ?? [];
  if (key === '') return FILTER_KEYS.map((name) => ({ value: `${name}=`, description: FILTER_HELP[name] }));
  const values = await findFilterValues(key, names);
  return toCandidates(values.map((value) => `${key}=${earlier}${value}`));
}

async function findFilterValues(key: string, names: KnownNames): Promise<readonly string[]> {
  switch (FILTER_KEYS.find((known) => known === key)) {
    case 'phase':
      return PHASES;
    case 'type':
      return FILTER_TYPES;
    case 'name':
      return (await names.targets()).map(quoteValue);
    case 'resource':
      return (await names.resources()).map(quoteValue);
    case 'label':
      return (await names.labels()).map(quoteValue);
    default:
      return [];
  }
}

/** Puts a value with a separator of the filter language in double quotes. */
function quoteValue(value: string): string {
  return /[\s,=]/.test(value) ? `"${value}"` : value;
}

const FILTER_HELP: Readonly<Record<(typeof FILTER_KEYS)[number], string>> = {
  name: 'glob for the name of a target',
  phase: 'phases of a target, separated by commas',
  type: 'types of a target, separated by commas',
  resource: 'names of resources, separated by commas',
  label: 'glob for a label of a resource',
};

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

function toCandidates(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value, description: '' }));
}
