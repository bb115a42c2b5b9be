import { type Client, cacheExchange, createClient, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSocket } from 'graphql-ws';

export function connectUrql(url: string, token: string): Client {
  const socket = createSocket({
    url: url.replace(/^http/, 'ws'),
    connectionParams: { token },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
  });
  return createClient({
    url,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe(
              { query, variables: { ...variables } },
              {
                ...sink,
                next: ({ data = null, errors }) =>
                  sink.next({ data, ...(errors && { errors: [...errors] }) }),
              },
            ),
          }),
        }),
      }),
    ],
  });
}
