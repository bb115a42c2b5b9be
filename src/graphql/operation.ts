import {
  BREAK,
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  visit,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { isRecord } from '../lib/is-record.js';
import type { Context } from './context.js';
import type { Documents } from './documents.js';
import { findConditionalRoot, NO_INTROSPECTION } from './documents.js';
import type { QueryLimits } from './limits.js';
import { costWithin, limitRules, overLimit, overVariables, tooManyToCompare } from './query-limits.js';

/** Parameters of a request, over any transport. */
export interface OperationParams {
  /** Optional if {@link documentId} is present. */
  readonly query?: string | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly documentId?: unknown;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Limits of operations, and which documents are allowed. */
export interface OperationsOptions {
  readonly schema: GraphQLSchema;
  readonly limits: QueryLimits;
  /** Whether introspection is allowed. */
  readonly introspection: boolean;
  /** The only documents that are allowed. Null if any is. */
  readonly documents: Documents | null;
}

/** An operation that is ready to be executed. */
export interface PreparedOperation extends ExecutionArgs {
  /** See `computeCost`. */
  readonly cost: number;
  readonly type: OperationTypeNode;
}

type OperationArgs = Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'>;

/**
 * Reads requests: the first steps of the pipeline, from the text of a request to an operation within the
 * limits.
 */
export interface Operations {
  /** Whether only some documents are allowed. */
  readonly isRestricted: boolean;
  /**
   * Returns the document's text. Throws a GraphQLError if the request names none, or one that is not allowed.
   */
  findText(params: OperationParams): string;
  /** Returns the operation to execute, or the errors of the request. */
  prepare(params: OperationParams, contextValue: Context): PreparedOperation | readonly GraphQLError[];
  /** Returns the cost of an operation on the current data, or the error above the limit. */
  costOf(args: OperationArgs, context: Pick<Context, 'store'>): number | GraphQLError;
}

/** Creates a reader of requests. It keeps documents that it has parsed and validated. */
export function createOperations(options: OperationsOptions): Operations {
  const { schema, limits, introspection, documents } = options;
  const rules = [...specifiedRules, ...limitRules(limits), ...(introspection ? [] : NO_INTROSPECTION)];
  // Suggestions of names would reveal the schema, name by name.
  const hideSuggestions = !introspection;
  const outcomes = createDocumentCache();

  return { isRestricted: documents !== null, findText, prepare, costOf };

  function findText({ query, documentId, extensions }: OperationParams): string {
    const hash = hashOf(extensions?.persistedQuery);
    const id = documentId ?? hash;
    if (documents === null) {
      if (typeof query === 'string') return query;
      throw documentId == null && hash !== undefined ? persistedQueryNotSupported() : noText(documentId);
    }
    if (typeof id !== 'string' && typeof query !== 'string') throw noDocument();
    const text = typeof id === 'string' ? documents.find(id) : query;
    if (text != null && documents.has(text)) return text;
    const message =
      'The document is not in the manifest of this gateway (--documents). Add it to the manifest.';
    throw new GraphQLError(message, { extensions: { code: 'DOCUMENT_NOT_KNOWN' } });
  }

  function parseText(text: string): DocumentNode {
    try {
      return parse(text, { maxTokens: limits.tokens, noLocation: hasManyLines(text) });
    } catch (error) {
      // Thousands of nested brackets are within the limit of tokens, and exceed the stack of the recursive
      // parser.
      if (error instanceof RangeError) throw overLimit('depth', limits.depth);
      throw isOverTokens(error)
        ? overLimit('tokens', limits.tokens)
        : withCode(error, 'GRAPHQL_PARSE_FAILED');
    }
  }

  function validateDocument(text: string, document: DocumentNode): readonly GraphQLError[] {
    if (hasLongName(text, document)) return [nameTooLong()];
    try {
      const conditional = findConditionalRoot(document);
      if (conditional !== null) return [conditional];
      const errors = validate(schema, document, rules, { hideSuggestions });
      return errors.map((error) => (isAborted(error) ? tooManyToCompare() : error));
    } catch (error) {
      // Chains of fragments can exceed the stack of graphql-js before its rule has checked the depth.
      if (error instanceof RangeError) return [overLimit('depth', limits.depth)];
      throw error;
    }
  }

  function costOf(
    { document, operationName, variableValues: variables }: OperationArgs,
    { store }: Pick<Context, 'store'>,
  ): number | GraphQLError {
    const rejection = overVariables(variables, limits);
    return rejection ?? costWithin({ schema, document, operationName, variables, store }, limits.complexity);
  }

  function prepare(
    params: OperationParams,
    contextValue: Context,
  ): PreparedOperation | readonly GraphQLError[] {
    try {
      const document = readDocument(findText(params));
      if (!('kind' in document)) return document;
      const { operationName = null, variables = null } = params;
      const type = getOperationAST(document, operationName)?.operation;
      if (type === undefined) return [noOperation()];
      const args = {
        ...{ schema, document, contextValue, operationName, hideSuggestions },
        variableValues: variables,
      };
      const cost = costOf(args, contextValue);
      return typeof cost === 'number' ? { ...args, cost, type } : [cost];
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
  }

  /** Parses and validates a text, the first time only. Returns what is wrong with it, if anything is. */
  function readDocument(text: string): DocumentNode | readonly GraphQLError[] {
    const known = outcomes.get(text);
    if (known) return known;
    const document = parseText(text);
    const errors = validateDocument(text, document).map((error) =>
      withCode(error, 'GRAPHQL_VALIDATION_FAILED'),
    );
    const outcome = errors.length > 0 ? errors : document;
    outcomes.set(text, outcome);
    return outcome;
  }
}

/**
 * Line breaks up to which errors have locations. To find its line, graphql-js counts all line breaks before
 * the place, for each error: with 5,000 of them, the errors of a query took 0.5 s. Locations are optional
 * (GraphQL, section 7.1.2).
 */
const MAX_LINE_BREAKS = 250;

function hasManyLines(text: string): boolean {
  let count = 0;
  for (const _ of text.matchAll(/[\n\r]/g)) {
    count += 1;
    if (count > MAX_LINE_BREAKS) return true;
  }
  return false;
}

/**
 * Maximum length of a name, in characters. Up to 100 errors of validation repeat the same name, so that a
 * request of 900 kB was answered with 90 MB.
 */
const MAX_NAME_LENGTH = 256;

/** From the start of a word: a search from each of its characters took 0.75 s for 1 MB of shorter words. */
const LONG_WORD = new RegExp(`\\b\\w{${MAX_NAME_LENGTH + 1}}`);

/** Whether a name is above {@link MAX_NAME_LENGTH}. */
function hasLongName(text: string, document: DocumentNode): boolean {
  // Nearly always false: a long word may also be a part of a string.
  if (!LONG_WORD.test(text)) return false;
  let isFound = false;
  visit(document, {
    Name({ value }) {
      if (value.length <= MAX_NAME_LENGTH) return undefined;
      isFound = true;
      return BREAK;
    },
  });
  return isFound;
}

/** Memory of a parsed document per character of its text, in bytes: 80 to 200 were measured. */
const BYTES_PER_CHARACTER = 100;

/**
 * Creates a cache of documents, or of what is wrong with them, by text: at most 1,000 texts and 32 MiB of
 * memory.
 */
function createDocumentCache(): LRUCache<string, DocumentNode | readonly GraphQLError[]> {
  return new LRUCache({
    max: 1_000,
    maxSize: 32 * 2 ** 20,
    sizeCalculation: (_, text) => text.length * BYTES_PER_CHARACTER,
  });
}

/** Adds a code to an error that has none. */
function withCode<E>(error: E, code: string): E {
  if (error instanceof GraphQLError && error.extensions.code === undefined) error.extensions.code = code;
  return error;
}

function noOperation(): GraphQLError {
  return new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
  });
}

function nameTooLong(): GraphQLError {
  return new GraphQLError(`A name of the document: expected at most ${MAX_NAME_LENGTH} characters.`);
}

/** Whether a request names a document, by `documentId` or by a hash as Apollo's clients do. */
export function namesDocument({ documentId, extensions }: OperationParams): boolean {
  return documentId != null || hashOf(extensions?.persistedQuery) !== undefined;
}

/** Returns the id in Apollo's form: `extensions.persistedQuery.sha256Hash`. */
function hashOf(persisted: unknown): unknown {
  return isRecord(persisted) ? persisted.sha256Hash : undefined;
}

/** Creates the error that makes clients of Apollo's automatic persisted queries send the text. */
function persistedQueryNotSupported(): GraphQLError {
  return new GraphQLError('PersistedQueryNotSupported', {
    extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
  });
}

function noText(documentId: unknown): GraphQLError {
  return badRequest(
    documentId == null
      ? 'Expected a string as "query".'
      : 'Expected a string as "query". This gateway has no manifest of documents (--documents), so "documentId" is not supported.',
  );
}

function noDocument(): GraphQLError {
  return badRequest('Expected a string as "documentId" or "query".');
}

function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } });
}

/** Whether graphql-js has stopped to compare fields of one name, because there are too many. */
function isAborted({ message }: GraphQLError): boolean {
  return message === 'Validation aborted.';
}

function isOverTokens(error: unknown): boolean {
  return error instanceof GraphQLError && error.message.includes('tokens. Parsing aborted');
}
