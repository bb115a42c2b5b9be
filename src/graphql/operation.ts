import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql';
import { createLruCache, type LruCache } from '../lru-cache.js';
import type { Context } from './context.js';

/** A request as it comes over the wire, by whatever transport. */
export interface OperationParams {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What is needed to execute a request; or, where its document is not valid, why. */
export function prepareOperation(
  schema: GraphQLSchema,
  { query, operationName, variables }: OperationParams,
  contextValue: Context,
): ExecutionArgs | readonly GraphQLError[] {
  try {
    const document = validDocument(schema, query);
    if (!('kind' in document)) return document;
    return {
      schema,
      document,
      contextValue,
      operationName: operationName ?? null,
      variableValues: variables ?? null,
    };
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

/** Executes a prepared query. */
export async function executeOperation(args: ExecutionArgs): Promise<ExecutionResult> {
  return execute(args);
}

/** What a parsed document takes in memory for each character of its text, in bytes: 80 to 200 were measured. */
const BYTES_PER_CHARACTER = 100;

/** What came of parsing texts, by text: of 1,000 texts at most, in 32 MiB of memory at most. */
export function createDocumentCache<V = DocumentNode>(): LruCache<V> {
  return createLruCache({
    entries: 1_000,
    bytes: 32 * 2 ** 20,
    weigh: (text) => text.length * BYTES_PER_CHARACTER,
  });
}

const validDocuments = new WeakMap<GraphQLSchema, LruCache<DocumentNode>>();

/** The document of a text, parsed and validated the first time only; or what is wrong with it. Throws if it is none. */
function validDocument(schema: GraphQLSchema, text: string): DocumentNode | readonly GraphQLError[] {
  const cache = validDocuments.get(schema) ?? createDocumentCache();
  validDocuments.set(schema, cache);
  const known = cache.get(text);
  if (known) return known;
  const document = parse(text);
  const errors = validate(schema, document);
  if (errors.length > 0) return errors;
  cache.set(text, document);
  return document;
}
