import { CommanderError } from 'commander';
import { ClientError, createClient } from '../../client/client.js';
import { compareNaturally } from '../../lib/natural-order.js';
import type { CliProcess } from '../cli-process.js';
import { toClientOptions } from '../gateway-client.js';
import type { SessionFlags } from '../options/client.js';
import { UsageError } from '../usage-error.js';
import type { TypedLine } from './typed-line.js';

/**
 * Names that the gateway knows, in natural order. The functions resolve with an empty list when the gateway
 * does not answer.
 */
export interface KnownNames {
  sessions(): Promise<readonly string[]>;
  targets(): Promise<readonly string[]>;
  resources(): Promise<readonly string[]>;
  labels(): Promise<readonly string[]>;
}

/** Maximum time that a completion waits for the gateway, in milliseconds. */
const TIMEOUT_MS = 1_000;

type Data = Readonly<Record<string, unknown>>;

/**
 * Creates the lookups for a typed command line. Each call queries the gateway that its options select.
 *
 * @param flags option values of the command, which parsing the line sets; undefined for a command that
 *   queries no gateway
 */
export function createKnownNames(
  line: TypedLine,
  flags: SessionFlags | undefined,
  env: CliProcess['env'],
): KnownNames {
  const queryOrIgnore = (document: string, toVariables: (flags: SessionFlags) => Data) =>
    query(document, toVariables).catch(ignoreExpected);
  const querySession = (selection: string) =>
    queryOrIgnore(`query ($id: ID) { session(id: $id) { ${selection} } }`, ({ session }) => ({
      id: session,
    }));
  return {
    sessions: () => queryOrIgnore('{ sessions { nodes { name: id } } }', () => ({})),
    targets: () => querySession('status { targets { name } }'),
    resources: () => querySession('resources { name }'),
    labels: () => querySession('resources { name: labels }'),
  };

  async function query(
    document: string,
    toVariables: (flags: SessionFlags) => Data,
  ): Promise<readonly string[]> {
    if (flags === undefined) return [];
    setOptionValues(line, env);
    const client = createClient(await toClientOptions(flags, env));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const names = findNames(await client.query<Data, Data>(document, toVariables(flags), { signal }));
      return [...new Set(names)].sort(compareNaturally);
    } finally {
      client.close();
    }
  }
}

/**
 * Sets the command's option values, which are the `flags` above, from the typed options. For options that
 * were not typed, uses their environment variables.
 */
function setOptionValues({ command, given }: TypedLine, env: CliProcess['env']): void {
  command.configureOutput({ outputError: () => {} });
  command.parseOptions([...given]);
  for (const option of command.options) {
    const value = option.envVar === undefined ? undefined : env[option.envVar];
    const isTyped = command.getOptionValueSource(option.attributeName()) === 'cli';
    if (option.required && option.long && value && !isTyped) command.parseOptions([option.long, value]);
  }
}

/** Collects every `name` in an answer: a text or a list of texts. */
function findNames(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'name' ? [inner].flat().filter((name) => typeof name === 'string') : findNames(inner),
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
