import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { expressMiddleware } from '@as-integrations/express5';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import { PubSub } from 'graphql-subscriptions';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { control } from './control.js';
import { listen } from './listen.js';
import { createPeerState } from './peer-state.js';
import { schemaText } from './schema-text.js';

// Set up as in "Subscriptions in Apollo Server" of its documentation.
control(async ({ services }) => {
  const state = createPeerState(services);
  const pubSub = new PubSub();
  const schema = makeExecutableSchema({
    typeDefs: schemaText,
    resolvers: {
      Query: { session: () => state.session },
      Subscription: {
        session: { subscribe: () => pubSub.asyncIterableIterator(['session']) },
        targetChanges: { subscribe: () => pubSub.asyncIterableIterator(['targetChanges']) },
      },
    },
  });
  const app = express();
  const httpServer = createServer(app);
  const webSocket = new WebSocketServer({ server: httpServer, path: '/graphql' });
  useServer({ schema }, webSocket);
  const apollo = new ApolloServer({ schema, plugins: [ApolloServerPluginDrainHttpServer({ httpServer })] });
  await apollo.start();
  app.use('/graphql', express.json(), expressMiddleware(apollo));
  const port = await listen(httpServer);
  return {
    port,
    emit(_stream, n) {
      void pubSub.publish('targetChanges', { targetChanges: state.update(n) });
      void pubSub.publish('session', { session: state.session });
    },
  };
});
