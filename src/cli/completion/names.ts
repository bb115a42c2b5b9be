import { type Command, CommanderError } from 'commander';
import { type CallOptions, ClientError, createClient } from '../../client/client.js';
import type { CliProcess } from '../cli-process.js';
import { type ClientFlags, clientOptionsOf, type SessionFlags } from '../client-options.js';
import { UsageError } from '../usage-error.js';
import type { KnownNames } from './candidates.js';
import type { TypedLine } from './command-line.js';

/** How long Tab waits for a gateway at most, in milliseconds. */
const PATIENCE_MS = 1_000;

type Data = Readonly<Record<string, unknown>>;

/**
 * Asks the gateway of a command line for names, once they are needed. Without an answer, such as when no gateway runs,
 * there are no names.
 */
export function askNames({ command, given }: TypedLine, env: CliProcess['env']): KnownNames {
  const ask = (document: string, variables: (flags: SessionFlags) => Data) =>
    query(document, variables, { command, given, env }).catch(noNames);
  return {
    sessions: () => ask('{ sessions { nodes { name: id } } }', () => ({})),
    targets: () =>
      ask('query ($id: ID) { session(id: $id) { status { targets { name } } } }', ({ session }) => ({
        id: session,
      })),
  };
}

interface Typed {
  readonly command: Command;
  readonly given: readonly string[];
  readonly env: CliProcess['env'];
}

async function query(
  document: string,
  variables: (flags: SessionFlags) => Data,
  typed: Typed,
): Promise<readonly string[]> {
  const flags = flagsOf(typed);
  const client = createClient(await clientOptionsOf(flags, typed.env));
  const options: CallOptions = { signal: AbortSignal.timeout(PATIENCE_MS) };
  try {
    return namesIn(await client.query<Data, Data>(document, variables(flags), options));
  } finally {
    client.close();
  }
}

/** The options that were typed, else those of the environment. */
function flagsOf({ command, given, env }: Typed): ClientFlags & SessionFlags {
  command.configureOutput({ outputError: () => {} });
  command.parseOptions([...given]);
  for (const { long, attributeName, envVar } of withNames(command)) {
    const value = envVar === undefined ? undefined : env[envVar];
    const isTyped = command.getOptionValueSource(attributeName) === 'cli';
    if (long && value && !isTyped) command.parseOptions([long, value]);
  }
  return command.opts();
}

function withNames({ options }: Command) {
  return options.map((option) => ({
    long: option.required ? option.long : undefined,
    attributeName: option.attributeName(),
    envVar: option.envVar,
  }));
}

/** Every `name` in an answer. */
function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'name' && typeof inner === 'string' ? [inner] : namesIn(inner),
  );
}

function noNames(error: unknown): readonly string[] {
  const isExpected =
    error instanceof ClientError || error instanceof CommanderError || error instanceof UsageError;
  const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
  if (isExpected || isTimeout) return [];
  throw error;
}
