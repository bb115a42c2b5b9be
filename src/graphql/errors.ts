import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Log } from '../lib/log.js';

/**
 * Creates an error in the client's input, with the code `BAD_USER_INPUT`. `message` is one line: expected and
 * actual value.
 */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** Returns errors in a client's input unchanged. Replaces any other error by a general one, and logs it. */
export function maskError(error: unknown, log: Log): GraphQLError {
  if (error instanceof GraphQLError && isForClient(error)) return error;
  log('error', 'an operation failed', {
    error: error instanceof Error ? (error.stack ?? error.message) : error,
  });
  const { nodes, path } = error instanceof GraphQLError ? error : {};
  return new GraphQLError('Internal server error.', {
    nodes: nodes ?? null,
    path: path ?? null,
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
}

/** Masks the errors of a result. */
export function maskResult<R extends ExecutionResult>(result: R, log: Log): R {
  if (!result.errors) return result;
  return { ...result, errors: result.errors.map((error) => maskError(error, log)) };
}

// graphql-js wraps the error of a resolver, which may be a GraphQLError for the client.
function isForClient(error: GraphQLError): boolean {
  return error.originalError === undefined || error.originalError instanceof GraphQLError;
}
