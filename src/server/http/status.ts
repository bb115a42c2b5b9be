import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Gives an answer without `data` a status of 4xx or 5xx where the client accepts `application/graphql-response+json`, which
 * requires that (GraphQL over HTTP, section 6.4.2). With `application/json` it stays 200 (section 6.4.1).
 */
export function useStatusWithoutData(): Plugin {
  return {
    onResultProcess({ result, setResult }) {
      if (Array.isArray(result) || !('errors' in result) || !result.errors || 'data' in result) return;
      setResult({ ...result, errors: result.errors.map(withStatus) });
    },
  };
}

/** Yoga reads the status there, and leaves it out of the answer; `spec` is its word for what `application/json` ignores. */
function withStatus(error: GraphQLError): GraphQLError {
  const { message, extensions, nodes, path, originalError } = error;
  if ('http' in extensions) return error;
  const status = extensions.code === 'INTERNAL_SERVER_ERROR' ? 500 : 400;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    path: path ?? null,
    originalError: originalError ?? null,
    extensions: { ...extensions, http: { spec: true, status } },
  });
}
