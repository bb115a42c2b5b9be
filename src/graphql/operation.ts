import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { isRecord } from '../lib/is-record.js';
import { findConditionalRoot } from './conditional-root.js';
import type { Context } from './context.js';
import type { Documents } from './documents.js';
import type { QueryLimits } from './limits.js';
import { NO_INTROSPECTION } from './no-introspection.js';
import { costWithin, limitRules, overLimit, overVariables, tooManyToCompare } from './query-limits.js';

/** A request as it comes over the wire, by whatever transport. */
export interface OperationParams {
  /** May be left out where {@link documentId} is given. */
  readonly query?: string | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly documentId?: unknown;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What documents are allowed. */
export interface OperationsOptions {
  readonly schema: GraphQLSchema;
  readonly limits: QueryLimits;
  /** Whether the schema may be asked for. */
  readonly introspection: boolean;
  /** The only documents allowed. Null: any. */
  readonly documents: Documents | null;
}

/** An operation that may be executed. */
export interface PreparedOperation extends ExecutionArgs {
  /** See `costOf`. */
  readonly cost: number;
}

type OperationArgs = Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'>;

/** Makes operations of requests, the same way for every transport. */
export interface Operations {
  /** Whether only some documents are allowed. */
  readonly isRestricted: boolean;
  /** The text that a request means. Throws a GraphQLError where none is given, or one that is not allowed. */
  textOf(params: OperationParams): string;
  /** Throws a GraphQLError: a syntax error, or too many tokens. */
  parse(text: string): DocumentNode;
  /** What is wrong with a document, by these rules; nothing for a valid one. */
  validate(document: DocumentNode, rules: readonly ValidationRule[]): readonly GraphQLError[];
  /** Whether errors leave out which names of the schema may have been meant: they would tell it, name by name. */
  readonly hideSuggestions: boolean;
  /** What is checked beside the rules of the specification. */
  readonly rules: readonly ValidationRule[];
  /** The cost of an operation with the data as it is now, see `costOf`; or the error when that is above the limit. */
  costOf(args: OperationArgs, context: Pick<Context, 'store'>): number | GraphQLError;
  /** What is needed to execute a request; or why it cannot be. */
  prepare(params: OperationParams, contextValue: Context): PreparedOperation | readonly GraphQLError[];
}

/** Nothing has been asked yet. */
export function createOperations(options: OperationsOptions): Operations {
  const { schema, limits, introspection, documents } = options;
  const rules = [...limitRules(limits), ...(introspection ? [] : NO_INTROSPECTION)];
  const hideSuggestions = !introspection;
  const valid = createDocumentCache();

  return {
    isRestricted: documents !== null,
    textOf,
    parse: parseText,
    validate: validateDocument,
    hideSuggestions,
    rules,
    costOf,
    prepare,
  };

  function textOf({ query, documentId, extensions }: OperationParams): string {
    const hash = hashOf(extensions?.persistedQuery);
    const id = documentId ?? hash;
    if (documents === null) {
      if (typeof query === 'string') return query;
      throw documentId == null && hash !== undefined ? persistedQueryNotSupported() : noText(documentId);
    }
    const text = typeof id === 'string' ? documents.find(id) : query;
    if (text != null && documents.has(text)) return text;
    const message =
      'This gateway answers only the documents it was given (--documents); this is none of them.';
    throw new GraphQLError(message, { extensions: { code: 'DOCUMENT_NOT_KNOWN' } });
  }

  function parseText(text: string): DocumentNode {
    try {
      return parse(text, { maxTokens: limits.tokens });
    } catch (error) {
      // Nested by the thousand it is within the tokens, and beyond the stack of a parser that descends.
      if (error instanceof RangeError) throw overLimit('depth', limits.depth);
      throw isOverTokens(error) ? overLimit('tokens', limits.tokens) : error;
    }
  }

  function validateDocument(document: DocumentNode, by: readonly ValidationRule[]): readonly GraphQLError[] {
    try {
      const conditional = findConditionalRoot(document);
      if (conditional !== null) return [conditional];
      const errors = validate(schema, document, by, { hideSuggestions });
      return errors.map((error) => (isAborted(error) ? tooManyToCompare() : error));
    } catch (error) {
      // Fragments that spread each other make graphql-js descend beyond the stack, within the depth that it is asked to check.
      if (error instanceof RangeError) return [overLimit('depth', limits.depth)];
      throw error;
    }
  }

  function costOf(
    { document, operationName, variableValues: variables }: OperationArgs,
    { store }: Pick<Context, 'store'>,
  ): number | GraphQLError {
    const refusal = overVariables(variables, limits);
    return refusal ?? costWithin({ schema, document, operationName, variables, store }, limits.complexity);
  }

  function prepare(
    params: OperationParams,
    contextValue: Context,
  ): PreparedOperation | readonly GraphQLError[] {
    try {
      const document = validDocument(textOf(params));
      if (!('kind' in document)) return document;
      const { operationName = null, variables = null } = params;
      const args = {
        ...{ schema, document, contextValue, operationName, hideSuggestions },
        variableValues: variables,
      };
      const cost = costOf(args, contextValue);
      return typeof cost === 'number' ? { ...args, cost } : [cost];
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
  }

  /** The document of a text, parsed and validated the first time only; or what is wrong with it. */
  function validDocument(text: string): DocumentNode | readonly GraphQLError[] {
    const known = valid.get(text);
    if (known) return known;
    const document = parseText(text);
    const errors = validateDocument(document, [...specifiedRules, ...rules]);
    if (errors.length > 0) return errors;
    valid.set(text, document);
    return document;
  }
}

/** What a parsed document takes in memory for each character of its text, in bytes: 80 to 200 were measured. */
const BYTES_PER_CHARACTER = 100;

/** What came of parsing texts, by text: of 1,000 texts at most, in 32 MiB of memory at most. */
export function createDocumentCache<V extends object = DocumentNode>(): LRUCache<string, V> {
  return new LRUCache({
    max: 1_000,
    maxSize: 32 * 2 ** 20,
    // Also of the empty text, which has a syntax error that is kept.
    sizeCalculation: (_, text) => (text.length + 1) * BYTES_PER_CHARACTER,
  });
}

/** Whether a request names a document, by `documentId` or by a hash as Apollo's clients do. */
export function namesDocument({ documentId, extensions }: OperationParams): boolean {
  return documentId != null || hashOf(extensions?.persistedQuery) !== undefined;
}

/** The id in Apollo's form: `extensions.persistedQuery.sha256Hash`. */
function hashOf(persisted: unknown): unknown {
  return isRecord(persisted) ? persisted.sha256Hash : undefined;
}

/** The error by which clients of Apollo's automatic persisted queries learn that they have to send the text. */
function persistedQueryNotSupported(): GraphQLError {
  return new GraphQLError('PersistedQueryNotSupported', {
    extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
  });
}

function noText(documentId: unknown): GraphQLError {
  const message =
    documentId == null
      ? 'Expected a text as "query".'
      : 'Expected a text as "query": this gateway was given no documents (--documents) that "documentId" could name.';
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } });
}

/** What graphql-js says of a document whose fields of one name are too many to be compared with each other. */
function isAborted({ message }: GraphQLError): boolean {
  return message === 'Validation aborted.';
}

function isOverTokens(error: unknown): boolean {
  return error instanceof GraphQLError && error.message.includes('tokens. Parsing aborted');
}
