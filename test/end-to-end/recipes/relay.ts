import { createClient, type FormattedExecutionResult } from 'graphql-ws';
import {
  Environment,
  type FetchFunction,
  type GraphQLResponse,
  Network,
  Observable,
  RecordSource,
  Store,
  type SubscribeFunction,
} from 'relay-runtime';

export function createEnvironment(url: string, token: string): Environment {
  const socket = createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams: { token },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
  });
  const request: FetchFunction = async ({ text }, variables) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: text, variables }),
    });
    return response.json();
  };
  const subscribe: SubscribeFunction = ({ text }, variables) =>
    Observable.create((sink) =>
      socket.subscribe(
        { query: text ?? '', variables },
        { next: (result) => sink.next(toResponse(result)), error: sink.error, complete: sink.complete },
      ),
    );
  return new Environment({
    network: Network.create(request, subscribe),
    store: new Store(new RecordSource()),
  });
}

/** Passes each payload with its errors to Relay, which decides how to handle them. */
function toResponse({
  data,
  errors,
}: FormattedExecutionResult<Record<string, unknown>, unknown>): GraphQLResponse {
  if (errors === undefined) return { data: data ?? {} };
  return {
    data: data ?? undefined,
    errors: errors.map(({ message, path }) => ({ message, ...(path && { path: [...path] }) })),
  };
}
