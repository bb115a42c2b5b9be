import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import {
  type DocumentNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  print,
  separateOperations,
} from 'graphql';
import { type Client, ClientError, createClient } from '../../client/client.js';
import { messageOf } from '../../lib/errors.js';
import { isRecord } from '../../lib/is-record.js';
import { type CliProcess, listenForInterruption, terminalSize } from '../cli-process.js';
import { EXIT, reportClientError, toClientOptions } from '../gateway-client.js';
import type { QueryFlags } from '../options/client.js';
import { createOutput } from '../output.js';
import { isJobLog, terminalText } from '../text.js';
import { readTextFile, UsageError } from '../usage-error.js';
import { createPresenter } from './presenter.js';

type Data = Readonly<Record<string, unknown>>;

/**
 * Runs a document and prints `data`: once for a query, for each payload of a subscription. Resolves with the
 * exit code: 0 when answered or when the reader closed the output; 1 when GraphQL rejected the document,
 * with one line per error on standard error; 3 when the gateway could not be queried. Rejects with an
 * `OutputError` when an answer cannot be written.
 */
export async function runQuery(
  argument: string | undefined,
  { client: clientFlags, query: flags }: QueryFlags,
  cli: CliProcess,
  loadTypeDefs: () => Promise<string>,
): Promise<number> {
  const operation = selectOperation(await readDocument(argument, flags.file, cli.stdin), flags);
  const variables = await readVariables(flags.variables);
  const present = await createPresenter({
    ...flags,
    isStream: operation.isSubscription,
    isTerminal: cli.stdout.isTTY,
    isJobLog: isJobLog(cli.env),
    document: operation.text,
    loadTypeDefs,
    tableWidth: () => (cli.stdout.isTTY ? terminalSize(cli.stdout, cli.env).columns : undefined),
  });
  const interruption = listenForInterruption(cli);
  const output = createOutput(cli.stdout, interruption.signal);
  const client = createClient(await toClientOptions(clientFlags, cli.env));
  const options = { signal: AbortSignal.any([interruption.signal, output.gone]) };
  try {
    if (operation.isSubscription) {
      for await (const data of client.subscribe<Data, Data>(operation.text, variables, options)) {
        await output.write(present(data));
      }
    } else {
      await output.write(present(await client.query<Data, Data>(operation.text, variables, options)));
      const note = await demoNote(client, options.signal);
      if (note !== null) cli.stderr.write(`tilt-graphql: ${note}\n`);
    }
    return interruption.exitCode ?? EXIT.ok;
  } catch (error) {
    output.throwIfFailed();
    if (output.gone.aborted) return EXIT.ok;
    return interruption.exitCode ?? reportClientError(error, cli.stderr);
  } finally {
    client.close();
    output.end();
    interruption.end();
  }
}

interface Sessions {
  readonly sessions: { readonly nodes: readonly { readonly id: string; readonly isDemo: boolean }[] };
}

/**
 * Line for those who read the answer to a query: the gateway knows nothing but the built-in demo. Null
 * otherwise, and when the gateway does not answer.
 */
async function demoNote(client: Pick<Client, 'query'>, signal: AbortSignal): Promise<string | null> {
  try {
    const { sessions } = await client.query<Sessions, object>(SESSIONS, {}, { signal });
    const [first] = sessions.nodes;
    if (first === undefined || !sessions.nodes.every(({ isDemo }) => isDemo)) return null;
    return `${terminalText(first.id)} is the built-in demo, not a Tilt`;
  } catch (error) {
    if (error instanceof ClientError || signal.aborted) return null;
    throw error;
  }
}

const SESSIONS = '{ sessions(first: 2) { nodes { id isDemo } } }';

/**
 * Reads the document from an argument, a file or standard input. Throws a {@link UsageError} when none is
 * given.
 */
export async function readDocument(
  argument: string | undefined,
  file: string | undefined,
  stdin: Readable,
): Promise<string> {
  if (argument !== undefined && file !== undefined) {
    throw new UsageError('expected one document, as an argument or with --file, not both');
  }
  const from = file ?? (argument === '-' ? '-' : undefined);
  if (from === '-') return readText(stdin);
  if (from !== undefined) return readTextFile(from, `--file ${from}`);
  if (argument !== undefined) return argument;
  throw new UsageError(
    "expected a document: as an argument, such as '{ session { id } }', with --file PATH, or - for standard input",
  );
}

/** Reads the value of `--variables`: JSON, or `@FILE` with JSON. */
export async function readVariables(
  given: string | undefined,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (given === undefined) return undefined;
  const where = given.startsWith('@') ? `--variables ${given}` : '--variables';
  const json = given.startsWith('@') ? await readTextFile(given.slice(1), where) : given;
  const value = parseJson(json, where);
  if (isRecord(value)) return value;
  throw new UsageError(`${where}: expected a JSON object, such as {"id": "tilt-default/Tiltfile"}`);
}

function parseJson(json: string, where: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`${where}: expected JSON (${messageOf(error)})`);
  }
}

/** Operation to send to a gateway. */
export interface Operation {
  /** Document that contains only this operation and its fragments. */
  readonly text: string;
  readonly isSubscription: boolean;
}

/** Options that select an operation. */
export interface OperationChoice {
  /** Name of the operation. Optional when the document has only one. */
  readonly operation?: string | undefined;
  /** Runs a query as a subscription. Its only field must be `session`. */
  readonly watch: boolean;
}

/** Selects the operation of a document. Throws a {@link UsageError} for an invalid document or choice. */
export function selectOperation(text: string, { operation: name, watch }: OperationChoice): Operation {
  const document = parseDocument(text);
  const all = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const found = name === undefined ? all : all.filter((node) => node.name?.value === name);
  const [chosen] = found;
  if (chosen === undefined || found.length > 1) throw new UsageError(describeChoice(all, name));
  if (watch && chosen.operation === OperationTypeNode.QUERY) {
    requireWatchable(chosen);
    return { text: print(asSubscription(isolate(document, chosen), chosen)), isSubscription: true };
  }
  // A document with one operation is sent unchanged: a gateway may allow only persisted documents.
  return {
    text: all.length === 1 ? text : print(isolate(document, chosen)),
    isSubscription: chosen.operation === OperationTypeNode.SUBSCRIPTION,
  };
}

function parseDocument(text: string): DocumentNode {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const [{ line, column } = { line: 1, column: 1 }] = error.locations ?? [];
    throw new UsageError(`the document, line ${line}, column ${column}: ${error.message}`);
  }
}

function describeChoice(all: readonly OperationDefinitionNode[], name: string | undefined): string {
  const names = all.flatMap((node) => (node.name ? [node.name.value] : []));
  if (all.length === 0) return 'the document: expected a query or a subscription, got only fragments';
  if (name === undefined)
    return `--operation: expected one of ${names.join(', ')}, because the document has several operations`;
  return `--operation: expected ${names.length > 0 ? `one of ${names.join(', ')}` : 'no name, because the operation has none'}, got ${terminalText(name)}`;
}

function isolate(document: DocumentNode, chosen: OperationDefinitionNode): DocumentNode {
  return separateOperations(document)[chosen.name?.value ?? ''] ?? document;
}

/** Throws a {@link UsageError} unless `session` is the only field: a subscription has no other one. */
function requireWatchable({ selectionSet }: OperationDefinitionNode): void {
  const names = selectionSet.selections.map((node) => (node.kind === Kind.FIELD ? node.name.value : '...'));
  if (names.length === 1 && names[0] === 'session') return;
  throw new UsageError(
    `--watch: expected a query with session as its only field, got ${names.join(', ')}; for targets write a subscription { targetChanges { … } }`,
  );
}

function asSubscription(document: DocumentNode, chosen: OperationDefinitionNode): DocumentNode {
  const definitions = document.definitions.map((node) =>
    node === chosen ? { ...chosen, operation: OperationTypeNode.SUBSCRIPTION } : node,
  );
  return { ...document, definitions };
}
