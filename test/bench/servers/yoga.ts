import { createServer } from 'node:http';
import type { ExecutionArgs } from 'graphql';
import type { OperationResult } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga, type YogaInitialContext } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { control } from './control.js';
import { listen } from './listen.js';
import { createPeerState, type PeerChanges, type PeerSession } from './peer-state.js';
import { schemaText } from './schema-text.js';

// Set up as in "Subscriptions" and "GraphQL over WebSocket protocol via graphql-ws" of its documentation.
control(async ({ services }) => {
  const state = createPeerState(services);
  const pubSub = createPubSub<{ session: [PeerSession]; targetChanges: [PeerChanges] }>();
  const yoga = createYoga({
    schema: createSchema<YogaInitialContext>({
      typeDefs: schemaText,
      resolvers: {
        Query: { session: () => state.session },
        Subscription: {
          session: {
            subscribe: () => pubSub.subscribe('session'),
            resolve: (session: PeerSession) => session,
          },
          targetChanges: {
            subscribe: () => pubSub.subscribe('targetChanges'),
            resolve: (changes: PeerChanges) => changes,
          },
        },
      },
    }),
    graphiql: { subscriptionsProtocol: 'WS' },
  });
  const server = createServer(yoga);
  const webSocket = new WebSocketServer({ server, path: yoga.graphqlEndpoint });
  useServer(
    {
      execute: (args) => operationsOf(args.rootValue).execute(args),
      subscribe: (args) => operationsOf(args.rootValue).subscribe(args),
      onSubscribe: async (context, _id, params) => {
        const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
          ...context,
          req: context.extra.request,
          socket: context.extra.socket,
          params,
        });
        const args = {
          schema,
          operationName: params.operationName,
          document: parse(params.query),
          variableValues: params.variables,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe },
        };
        const errors = validate(args.schema, args.document);
        return errors.length > 0 ? errors : args;
      },
    },
    webSocket,
  );
  const port = await listen(server);
  return {
    port,
    emit(_stream, n) {
      pubSub.publish('targetChanges', state.update(n));
      pubSub.publish('session', state.session);
    },
  };
});

/** Functions that `onSubscribe` passes on to `execute` and `subscribe`. */
interface Operations {
  execute(args: ExecutionArgs): OperationResult;
  subscribe(args: ExecutionArgs): OperationResult;
}

function operationsOf(rootValue: unknown): Operations {
  if (isOperations(rootValue)) return rootValue;
  throw new Error('Expected rootValue to hold the execute and subscribe functions of onSubscribe.');
}

function isOperations(value: unknown): value is Operations {
  return typeof value === 'object' && value !== null && 'execute' in value && 'subscribe' in value;
}
