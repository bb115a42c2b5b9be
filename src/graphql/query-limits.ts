import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { GraphQLError, type ValidationContext, type ValidationRule } from 'graphql';
import { type CostOptions, costOf } from './cost.js';
import { LIMIT_CODES, type QueryLimits } from './limits.js';

/** Creates the error for a limit that is exceeded. */
export function overLimit(limit: keyof QueryLimits, most: number, got?: number): GraphQLError {
  const found = got === undefined ? 'it has more' : `got ${got}`;
  return limitError(
    limit,
    `The document's ${limit}: expected at most ${most}, ${found}. Select fewer fields, or send several requests.`,
  );
}

function limitError(limit: keyof QueryLimits, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: LIMIT_CODES[limit] } });
}

/** Creates the validation rules for limits of documents. */
export function limitRules(limits: QueryLimits): ValidationRule[] {
  const rule = (limit: 'depth' | 'aliases') => ({
    n: limits[limit],
    // Reported like other errors in a document, not thrown.
    propagateOnRejection: false,
    onReject: [(context: ValidationContext | null) => context?.reportError(overLimit(limit, limits[limit]))],
  });
  return [
    maxDepthRule({ ...rule('depth'), flattenFragments: true }),
    maxAliasesRule({ ...rule('aliases'), allowList: [] }),
    (context) => limitDirectives(context, limits.directives),
    (context) => limitLiterals(context, limits),
  ];
}

/** Counts all directives: on fields, fragments, spreads, operations and variables. */
function limitDirectives(context: ValidationContext, most: number): ReturnType<ValidationRule> {
  let count = 0;
  return {
    Directive() {
      count += 1;
    },
    Document: {
      leave() {
        if (count > most) context.reportError(overLimit('directives', most, count));
      },
    },
  };
}

function limitLiterals(context: ValidationContext, limits: QueryLimits): ReturnType<ValidationRule> {
  const { stringLength, listLength } = limits;
  return {
    StringValue({ value }) {
      if (value.length > stringLength)
        context.reportError(stringTooLong('A string of the document', stringLength, value.length));
    },
    ListValue({ values }) {
      if (values.length > listLength)
        context.reportError(listTooLong('A list of the document', listLength, values.length));
    },
  };
}

/**
 * Returns the error for variables above a limit, or null. They are checked before they are coerced, which
 * itself takes long for large lists.
 */
export function overVariables(
  variables: Readonly<Record<string, unknown>> | null | undefined,
  { stringLength, listLength }: QueryLimits,
): GraphQLError | null {
  for (const [name, variable] of Object.entries(variables ?? {})) {
    // A list instead of recursion, because a variable may be nested deeper than the stack allows.
    const rest: unknown[] = [variable];
    while (rest.length > 0) {
      const value = rest.pop();
      if (typeof value === 'string') {
        if (value.length > stringLength)
          return stringTooLong(`The variable $${shown(name)}`, stringLength, value.length);
      } else if (Array.isArray(value)) {
        if (value.length > listLength)
          return listTooLong(`The variable $${shown(name)}`, listLength, value.length);
        for (const item of value) rest.push(item);
      } else if (typeof value === 'object' && value !== null) {
        for (const item of Object.values(value)) rest.push(item);
      }
    }
  }
  return null;
}

function stringTooLong(what: string, most: number, got: number): GraphQLError {
  return limitError('stringLength', `${what}: expected a string of at most ${most} characters, got ${got}.`);
}

function listTooLong(what: string, most: number, got: number): GraphQLError {
  return limitError(
    'listLength',
    `${what}: expected a list of at most ${most} entries, got ${got}. Send several requests.`,
  );
}

/** Shortens a client's text and replaces special characters. */
function shown(name: string): string {
  return name.slice(0, 100).replace(/\W/g, '?');
}

/** Creates the error for a response above the limit. */
export function responseTooLarge(most: number): GraphQLError {
  const message = `The response has more than ${most} bytes (--limit responseBytes). Select fewer fields, or use pages.`;
  return limitError('responseBytes', message);
}

/** Creates the error for a document that repeats the same fields too often. */
export function tooManyToCompare(): GraphQLError {
  return limitError(
    'complexity',
    "The document's complexity: too many fields have the same name and must be compared with each other. Select each field once.",
  );
}

/**
 * Returns the cost of a valid document with its variables, or the error if it is above the limit. 0 if
 * nothing is executed.
 */
export function costWithin(options: CostOptions, most: number): number | GraphQLError {
  try {
    const cost = Math.ceil(costOf(options) ?? 0);
    return cost > most ? overLimit('complexity', most, cost) : cost;
  } catch {
    return limitError(
      'complexity',
      `The document's complexity: expected at most ${most}, but it cannot be computed. Nest fewer fields, and spread fragments in fewer places.`,
    );
  }
}
