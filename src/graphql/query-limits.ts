import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isListType,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { type ComplexityEstimator, getComplexity } from 'graphql-query-complexity';

/** What a document may ask for at most. */
export interface QueryLimits {
  /** Words and signs of its text, before it is parsed any further. */
  readonly tokens: number;
  /** Fields inside fields, fragments spread out; introspection aside. */
  readonly depth: number;
  /** Fields given another name: each can ask for the same thing again. */
  readonly aliases: number;
  /** `@include`, `@skip`. */
  readonly directives: number;
  /** Fields of its answer, as if each list were as long as it may be, or held {@link ASSUMED_LENGTH}. */
  readonly complexity: number;
}

/** A board's query of all that 100 Sessions are doing, with their history, has 200 tokens, 6 levels and 60,000 fields. */
export const DEFAULT_QUERY_LIMITS: QueryLimits = {
  tokens: 5_000,
  depth: 16,
  aliases: 50,
  directives: 50,
  complexity: 1_000_000,
};

/** How long a list is taken to be whose length the query does not say. */
export const ASSUMED_LENGTH = 10;

/** The codes of {@link GraphQLError.extensions} for a document that asks for too much. */
export const LIMIT_CODES = {
  tokens: 'TOO_MANY_TOKENS',
  depth: 'QUERY_TOO_DEEP',
  aliases: 'TOO_MANY_ALIASES',
  directives: 'TOO_MANY_DIRECTIVES',
  complexity: 'QUERY_TOO_COMPLEX',
} as const satisfies Record<keyof QueryLimits, string>;

/** An error that names the limit: what was expected, what came where that is known, what to do. */
export function overLimit(limit: keyof QueryLimits, most: number, got?: number): GraphQLError {
  const found = got === undefined ? 'it has more' : `got ${got}`;
  const message = `The document's ${limit}: expected at most ${most}, ${found}. Ask for less at once.`;
  return new GraphQLError(message, { extensions: { code: LIMIT_CODES[limit] } });
}

/** Validation rules for the limits that a document alone shows. */
export function limitRules(limits: QueryLimits): ValidationRule[] {
  const rule = (limit: 'depth' | 'aliases' | 'directives') => ({
    n: limits[limit],
    // Reported like every other mistake in a document, rather than thrown.
    propagateOnRejection: false,
    onReject: [(context: ValidationContext | null) => context?.reportError(overLimit(limit, limits[limit]))],
  });
  return [
    maxDepthRule({ ...rule('depth'), flattenFragments: true }),
    maxAliasesRule({ ...rule('aliases'), allowList: [] }),
    maxDirectivesRule(rule('directives')),
  ];
}

/** What a valid document comes to with its variables; null when that is within the limit. */
export function overComplexity(
  schema: GraphQLSchema,
  query: DocumentNode,
  variables: Readonly<Record<string, unknown>> | null | undefined,
  operationName: string | null | undefined,
  most: number,
): GraphQLError | null {
  try {
    const complexity = getComplexity({
      schema,
      query,
      variables: { ...variables },
      ...(operationName != null && { operationName }),
      estimators: [fieldsOfAnswer],
    });
    return complexity > most ? overLimit('complexity', most, complexity) : null;
  } catch (error) {
    // Variables that do not fit are told by whoever executes; a document too big to be judged is too big.
    return error instanceof GraphQLError ? null : overLimit('complexity', most);
  }
}

/** Each field is one, and a list's as many as it may hold. */
const fieldsOfAnswer: ComplexityEstimator = ({ field, args, childComplexity }) => {
  const { first, last } = args;
  const asked = typeof first === 'number' ? first : typeof last === 'number' ? last : null;
  // The length of a connection is that of the lists in it: they are counted here, and as one each there.
  if (asked !== null) return 1 + Math.max(asked, 0) * childComplexity;
  return 1 + (isList(field.type) && !IN_CONNECTION.has(field.name) ? ASSUMED_LENGTH : 1) * childComplexity;
};

const IN_CONNECTION: ReadonlySet<string> = new Set(['nodes', 'edges']);

function isList(type: GraphQLOutputType): boolean {
  return isListType(getNullableType(type));
}
