import type { Readable } from 'node:stream';
import { text as textIn } from 'node:stream/consumers';
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
import { messageOf } from '../../lib/errors.js';
import { isRecord } from '../../lib/is-record.js';
import { terminalText } from '../safe-text.js';
import { readTextFile, UsageError } from '../usage-error.js';

/** The document of the command line: an argument, a file, or standard input. Throws a UsageError where there is none. */
export async function readDocument(
  argument: string | undefined,
  file: string | undefined,
  stdin: Readable,
): Promise<string> {
  if (argument !== undefined && file !== undefined) {
    throw new UsageError('expected one document: as an argument or with --file, not both');
  }
  const from = file ?? (argument === '-' ? '-' : undefined);
  if (from === '-') return textIn(stdin);
  if (from !== undefined) return readTextFile(from, `--file ${from}`);
  if (argument !== undefined) return argument;
  throw new UsageError(
    "expected a document: as an argument, such as '{ session { id } }', with --file PATH, or - for standard input",
  );
}

/** The variables of `--variables`: JSON, or `@FILE` with JSON. */
export async function readVariables(
  given: string | undefined,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (given === undefined) return undefined;
  const where = given.startsWith('@') ? `--variables ${given}` : '--variables';
  const json = given.startsWith('@') ? await readTextFile(given.slice(1), where) : given;
  const value = parsedJson(json, where);
  if (isRecord(value)) return value;
  throw new UsageError(`${where}: expected a JSON object, such as {"id": "tilt-default/Tiltfile"}`);
}

function parsedJson(json: string, where: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`${where}: expected JSON (${messageOf(error)})`);
  }
}

/** What a gateway is to be asked. */
export interface Operation {
  /** The document with this operation alone. */
  readonly text: string;
  readonly isSubscription: boolean;
}

/** Which operation of a document is meant, and how. */
export interface OperationChoice {
  /** Its name; may be left out where there is only one. */
  readonly operation?: string | undefined;
  /** Asks a query as a subscription. */
  readonly watch: boolean;
}

/** Finds the operation in a document. Throws a UsageError when it is none, or the choice does not fit it. */
export function operationIn(text: string, { operation: name, watch }: OperationChoice): Operation {
  const document = parsed(text);
  const all = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const found = name === undefined ? all : all.filter((node) => node.name?.value === name);
  const [chosen] = found;
  if (chosen === undefined || found.length > 1) throw new UsageError(whichOne(all, name));
  if (watch && chosen.operation === OperationTypeNode.QUERY) {
    return { text: print(asSubscription(alone(document, chosen), chosen)), isSubscription: true };
  }
  // A text that need not be changed is sent as it is: a gateway may allow only texts that it knows.
  return {
    text: all.length === 1 ? text : print(alone(document, chosen)),
    isSubscription: chosen.operation === OperationTypeNode.SUBSCRIPTION,
  };
}

function parsed(text: string): DocumentNode {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const [{ line, column } = { line: 1, column: 1 }] = error.locations ?? [];
    throw new UsageError(`the document, line ${line}, column ${column}: ${error.message}`);
  }
}

function whichOne(all: readonly OperationDefinitionNode[], name: string | undefined): string {
  const names = all.flatMap((node) => (node.name ? [node.name.value] : []));
  if (all.length === 0) return 'the document: expected a query or a subscription, got only fragments';
  if (name === undefined)
    return `--operation: expected one of ${names.join(', ')}, as the document has several`;
  return `--operation: expected ${names.length > 0 ? `one of ${names.join(', ')}` : 'none, as it has no name'}, got ${terminalText(name)}`;
}

function alone(document: DocumentNode, chosen: OperationDefinitionNode): DocumentNode {
  return separateOperations(document)[chosen.name?.value ?? ''] ?? document;
}

function asSubscription(document: DocumentNode, chosen: OperationDefinitionNode): DocumentNode {
  const definitions = document.definitions.map((node) =>
    node === chosen ? { ...chosen, operation: OperationTypeNode.SUBSCRIPTION } : node,
  );
  return { ...document, definitions };
}
