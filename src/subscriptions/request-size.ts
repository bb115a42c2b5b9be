import { type DocumentNode, type ExecutionArgs, getOperationAST, visit } from 'graphql';
import { memoize } from '../lib/memoize.js';

/**
 * Memory of a parsed document. There is one object for each document, which stands for it without keeping it
 * in memory.
 */
export interface DocumentSize {
  readonly bytes: number;
}

/** Memory that a running subscription keeps of its request. */
export interface RequestSize {
  readonly document: DocumentSize;
  /** Memory of the variables that its operation defines, in bytes. */
  readonly variableBytes: number;
}

/** The part of a request that is kept. */
type Request = Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'>;

/** Memory of a node of a document with its tokens, in bytes, as measured with 200 to 400 nodes. */
const NODE_BYTES = 200;

/**
 * Memory of a value apart from the characters of a string, in bytes: its header, and its places in the list
 * of the request, in coerced copies of that list and in a set that a filter compares with.
 */
const VALUE_BYTES = 128;

/** Computes the memory that a subscription keeps of its request. */
export function sizeOfRequest(request: Request): RequestSize {
  return { document: sizeOfDocument(request.document), variableBytes: sizeOfValue(usedVariables(request)) };
}

/** Returns the variables that the operation defines: a client may send any number of others. */
export function usedVariables({
  document,
  operationName,
  variableValues,
}: Request): Readonly<Record<string, unknown>> {
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  const names = new Set(definitions.map(({ variable }) => variable.name.value));
  return Object.fromEntries(Object.entries(variableValues ?? {}).filter(([name]) => names.has(name)));
}

/** Returns the memory of several requests, in bytes. A document that several use counts once. */
export function totalBytes(requests: readonly RequestSize[]): number {
  const documents = new Set(requests.map(({ document }) => document));
  const variables = requests.reduce((sum, { variableBytes }) => sum + variableBytes, 0);
  return [...documents].reduce((sum, { bytes }) => sum + bytes, variables);
}

const sizeOfDocument = memoize((document: DocumentNode): DocumentSize => {
  let bytes = document.loc?.source.body.length ?? 0;
  visit(document, {
    enter(node) {
      bytes += NODE_BYTES + ('value' in node && typeof node.value === 'string' ? node.value.length : 0);
    },
  });
  return { bytes };
});

function sizeOfValue(variables: unknown): number {
  let bytes = 0;
  // A list instead of recursion, because a variable may be nested deeper than the stack allows.
  const rest = [variables];
  while (rest.length > 0) {
    const value = rest.pop();
    bytes += VALUE_BYTES;
    if (typeof value === 'string') bytes += Buffer.byteLength(value);
    else if (typeof value === 'object' && value !== null) {
      for (const item of Object.values(value)) rest.push(item);
    }
  }
  return bytes;
}
