import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';

export function connectApollo(url: string, token: string): ApolloClient {
  const socket = createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams: { token },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
  });
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: url, headers: { authorization: `Bearer ${token}` } }),
  );
  // Objects with an id, such as Sessions and targets, are normalized in the cache.
  return new ApolloClient({ link, cache: new InMemoryCache({ possibleTypes: { TargetState: STATES } }) });
}

const STATES = ['TargetStateWaiting', 'TargetStateActive', 'TargetStateTerminated', 'TargetStateDisabled'];
