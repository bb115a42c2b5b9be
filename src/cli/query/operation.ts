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
import { terminalText } from '../terminal-text.js';
import { UsageError } from '../usage-error.js';

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
