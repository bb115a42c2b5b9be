import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Log } from '../lib/log.js';

/**
 * What a client sees of an error: its own mistakes as they are; of everything else only that it happened, while the
 * log has it whole.
 */
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

/** A result whose errors are masked. */
export function maskResult<R extends ExecutionResult>(result: R, log: Log): R {
  if (!result.errors) return result;
  return { ...result, errors: result.errors.map((error) => maskError(error, log)) };
}

// graphql-js wraps what a resolver throws; what it threw may be meant for the client itself.
function isForClient(error: GraphQLError): boolean {
  return error.originalError === undefined || error.originalError instanceof GraphQLError;
}
