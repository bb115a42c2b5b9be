import { CommanderError } from 'commander';
import { ClientError, createClient } from '../../client/client.js';
import type { CliProcess } from '../cli-process.js';
import { type AskingFlags, clientOptionsOf } from '../client-options.js';
import { UsageError } from '../usage-error.js';
import type { TypedLine } from './command-line.js';

/** Names that a gateway knows. Both resolve with an empty list where there is no answer. */
export interface KnownNames {
  sessions(): Promise<readonly string[]>;
  targets(): Promise<readonly string[]>;
}

/** How long Tab waits for a gateway at most, in milliseconds. */
const PATIENCE_MS = 1_000;

type Data = Readonly<Record<string, unknown>>;

/**
 * Asks the gateway of a command line for names, once they are needed. Without an answer, such as when no gateway runs,
 * there are no names.
 *
 * @param flags of its command, which follow the command line once it has been parsed; undefined: it asks no gateway
 */
export function askNames(
  line: TypedLine,
  flags: AskingFlags | undefined,
  env: CliProcess['env'],
): KnownNames {
  const ask = (document: string, variables: (flags: AskingFlags) => Data) =>
    query(document, variables).catch(noNames);
  return {
    sessions: () => ask('{ sessions { nodes { name: id } } }', () => ({})),
    targets: () =>
      ask('query ($id: ID) { session(id: $id) { status { targets { name } } } }', ({ session }) => ({
        id: session,
      })),
  };

  async function query(
    document: string,
    variables: (flags: AskingFlags) => Data,
  ): Promise<readonly string[]> {
    if (flags === undefined) return [];
    parse(line, env);
    const client = createClient(await clientOptionsOf(flags, env));
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      return namesIn(await client.query<Data, Data>(document, variables(flags), { signal }));
    } finally {
      client.close();
    }
  }
}

/** Parses the options that were typed, and those of the environment that were not. */
function parse({ command, given }: TypedLine, env: CliProcess['env']): void {
  command.configureOutput({ outputError: () => {} });
  command.parseOptions([...given]);
  for (const option of command.options) {
    const value = option.envVar === undefined ? undefined : env[option.envVar];
    const isTyped = command.getOptionValueSource(option.attributeName()) === 'cli';
    if (option.required && option.long && value && !isTyped) command.parseOptions([option.long, value]);
  }
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
