import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import {
  cacheExchange,
  createClient as createUrqlClient,
  fetchExchange,
  subscriptionExchange,
} from '@urql/core';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { startMemoryGateway, type TestGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';

const QUERY = '{ session { id verdict { state } } }';
const SUBSCRIPTION = 'subscription { targetChanges { reset changes { type target { name phase } } } }';

/** Common clients, each set up as in its documentation. */
const clients: Record<string, (gateway: TestGateway) => TestClient> = {
  'graphql-ws': ({ webSocketUrl }) => {
    const client = createWsClient({ url: webSocketUrl, webSocketImpl: WebSocket });
    return {
      query: async (query) => (await client.iterate({ query }).next()).value?.data,
      subscribe: (query, next) =>
        client.subscribe({ query }, { next: ({ data }) => next(data), error, complete }),
      close: () => client.dispose(),
    };
  },
  'graphql-sse': ({ url }) => {
    const client = createSseClient({ url });
    return {
      query: async (query) => (await client.iterate({ query }).next()).value?.data,
      subscribe: (query, next) =>
        client.subscribe({ query }, { next: ({ data }) => next(data), error, complete }),
      close: () => client.dispose(),
    };
  },
  'Apollo Client': ({ url, webSocketUrl }) => {
    const socket = createWsClient({ url: webSocketUrl, webSocketImpl: WebSocket });
    const link = ApolloLink.split(
      ({ query }) => {
        const definition = getMainDefinition(query);
        return definition.kind === 'OperationDefinition' && definition.operation === 'subscription';
      },
      new GraphQLWsLink(socket),
      new HttpLink({ uri: url }),
    );
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    return {
      query: async (query) => strip((await client.query({ query: gql(query) })).data),
      subscribe: (query, next) => {
        const running = client
          .subscribe({ query: gql(query), fetchPolicy: 'no-cache' })
          .subscribe({ next: ({ data }) => next(strip(data)), error });
        return () => running.unsubscribe();
      },
      close: async () => {
        client.stop();
        await socket.dispose();
      },
    };
  },
  urql: ({ url, webSocketUrl }) => {
    const socket = createWsClient({ url: webSocketUrl, webSocketImpl: WebSocket });
    const client = createUrqlClient({
      url,
      preferGetMethod: false,
      exchanges: [
        cacheExchange,
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: ({ query = '', variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe(
                { query, variables: { ...variables } },
                { ...sink, next: ({ data }) => sink.next({ data: data ?? null }) },
              ),
            }),
          }),
        }),
      ],
    });
    return {
      query: async (query) => strip((await client.query(query, {}).toPromise()).data),
      subscribe: (query, next) =>
        client.subscription(query, {}).subscribe(({ data }) => next(strip(data))).unsubscribe,
      close: () => socket.dispose(),
    };
  },
};

describe.each(Object.entries(clients))('the client %s', (_, connect) => {
  it('queries the gateway', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'ready' })]);
    const client = connect(gateway);
    expect(await client.query(QUERY)).toEqual({
      session: { id: 'a/Tiltfile', verdict: { state: 'PASSED' } },
    });
    await client.close();
  });

  it('receives the snapshot first (S1), then each change, and frees the subscription (S7)', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    const client = connect(gateway);
    const payloads = createInbox();
    const unsubscribe = client.subscribe(SUBSCRIPTION, payloads.put);
    expect(await payloads.next()).toEqual({
      targetChanges: {
        reset: true,
        changes: [
          { type: 'ADDED', target: { name: 'tiltfile:update', phase: 'SUCCEEDED' } },
          { type: 'ADDED', target: { name: 'x', phase: 'WAITING' } },
        ],
      },
    });
    gateway.source.put(session('a', { x: 'ready' }));
    expect(await payloads.next()).toEqual({
      targetChanges: { reset: false, changes: [{ type: 'MODIFIED', target: { name: 'x', phase: 'READY' } }] },
    });
    expect(gateway.gateway.readers).toBe(1);
    unsubscribe();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
    await client.close();
  });
});

interface TestClient {
  query(query: string): Promise<unknown>;
  subscribe(query: string, next: (data: unknown) => void): () => void;
  close(): void | Promise<void>;
}

/** Buffers received payloads until the test takes them. */
function createInbox() {
  const arrived: unknown[] = [];
  let notify = () => {};
  return {
    put: (data: unknown) => {
      arrived.push(data);
      notify();
    },
    async next(): Promise<unknown> {
      while (arrived.length === 0) await new Promise<void>((resolve) => (notify = resolve));
      return arrived.shift();
    },
  };
}

/** Removes the `__typename` that caching clients add to every selection. */
function strip(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data, (key, value) => (key === '__typename' ? undefined : value)));
}

function error(reason: unknown): void {
  throw reason instanceof Error ? reason : new Error(JSON.stringify(reason));
}

function complete(): void {}
