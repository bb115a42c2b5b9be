import { type Command, CommanderError } from 'commander';
import { ClientError, createClient } from '../../client/client.js';
import type { CliProcess } from '../cli-process.js';
import { toClientOptions } from '../gateway-client.js';
import type { SessionFlags } from '../options/client.js';
import { DeclaredOption } from '../options/option.js';
import { PHASES } from '../options/values.js';
import { terminalText } from '../text.js';
import { UsageError } from '../usage-error.js';
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
    if (completion === 'sessions') return toCandidates(await names.sessions());
    return toCandidates(option.argChoices ?? []);
  }
  if (typed.startsWith('-')) return [...flagsOf(command), ...(isNamed ? [] : flagsOf(program))];
  if (!isNamed || command.name() === 'help') return position === 0 ? commandsOf(program) : [];
  return toCandidates(command.registeredArguments[position]?.argChoices ?? []);
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

/**
 * Names that the gateway knows. Both functions resolve with an empty list when the gateway does not answer.
 */
interface KnownNames {
  sessions(): Promise<readonly string[]>;
  targets(): Promise<readonly string[]>;
}

/** Maximum time that a completion waits for the gateway, in milliseconds. */
const TIMEOUT_MS = 1_000;

type Data = Readonly<Record<string, unknown>>;

/**
 * Queries the gateway of a command line for names when they are needed.
 *
 * @param flags option values of the command; undefined for a command that queries no gateway
 */
function createKnownNames(
  line: TypedLine,
  flags: SessionFlags | undefined,
  env: CliProcess['env'],
): KnownNames {
  const queryOrIgnore = (document: string, toVariables: (flags: SessionFlags) => Data) =>
    query(document, toVariables).catch(ignoreExpected);
  return {
    sessions: () => queryOrIgnore('{ sessions { nodes { name: id } } }', () => ({})),
    targets: () =>
      queryOrIgnore(
        'query ($id: ID) { session(id: $id) { status { targets { name } } } }',
        ({ session }) => ({
          id: session,
        }),
      ),
  };

  async function query(
    document: string,
    toVariables: (flags: SessionFlags) => Data,
  ): Promise<readonly string[]> {
    if (flags === undefined) return [];
    parseOptions(line, env);
    const client = createClient(await toClientOptions(flags, env));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return findNames(await client.query<Data, Data>(document, toVariables(flags), { signal }));
    } finally {
      client.close();
    }
  }
}

/** Parses the typed options, and the environment variables of the other options. */
function parseOptions({ command, given }: TypedLine, env: CliProcess['env']): void {
  command.configureOutput({ outputError: () => {} });
  command.parseOptions([...given]);
  for (const option of command.options) {
    const value = option.envVar === undefined ? undefined : env[option.envVar];
    const isTyped = command.getOptionValueSource(option.attributeName()) === 'cli';
    if (option.required && option.long && value && !isTyped) command.parseOptions([option.long, value]);
  }
}

/** Collects every `name` in an answer. */
function findNames(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'name' && typeof inner === 'string' ? [inner] : findNames(inner),
  );
}

/** Suggests nothing when the gateway does not answer or the command line is invalid. */
function ignoreExpected(error: unknown): readonly string[] {
  const isExpected =
    error instanceof ClientError || error instanceof CommanderError || error instanceof UsageError;
  const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
  if (isExpected || isTimeout) return [];
  throw error;
}
