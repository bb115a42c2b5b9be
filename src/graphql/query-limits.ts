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
import { ASSUMED_LENGTH, LIMIT_CODES, type QueryLimits } from './limits.js';

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
  const asked = askedLength(args);
  // The length of a connection is that of the lists in it: they are counted here, and as one each there.
  if (asked !== null) return 1 + Math.max(asked, 0) * childComplexity;
  return 1 + (isList(field.type) && !IN_CONNECTION.has(field.name) ? ASSUMED_LENGTH : 1) * childComplexity;
};

/** How long a list is asked to be; null when that is not said. */
function askedLength({ first, last, representations }: Readonly<Record<string, unknown>>): number | null {
  if (typeof first === 'number') return first;
  if (typeof last === 'number') return last;
  return Array.isArray(representations) ? representations.length : null;
}

const IN_CONNECTION: ReadonlySet<string> = new Set(['nodes', 'edges']);

function isList(type: GraphQLOutputType): boolean {
  return isListType(getNullableType(type));
}
