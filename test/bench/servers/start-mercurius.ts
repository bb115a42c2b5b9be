import { fastify } from 'fastify';
import mercurius from 'mercurius';
import type { BenchServer, StartOptions } from './control.js';
import { listen } from './listen.js';
import { createPeerState } from './peer-state.js';
import { schemaText } from './schema-text.js';

/**
 * Starts Mercurius as set up in its documentation.
 *
 * @param jit number of executions before an operation is compiled; 0 for never
 */
export async function startMercurius({ services }: StartOptions, jit: number): Promise<BenchServer> {
  const state = createPeerState(services);
  const app = fastify();
  await app.register(mercurius, {
    schema: schemaText,
    resolvers: {
      Query: { session: () => state.session },
      Subscription: {
        session: { subscribe: (_root, _args, { pubsub }) => pubsub.subscribe('session') },
        targetChanges: { subscribe: (_root, _args, { pubsub }) => pubsub.subscribe('targetChanges') },
      },
    },
    subscription: true,
    jit,
  });
  await app.ready();
  const port = await listen(app.server);
  return {
    port,
    emit(_stream, n) {
      const { pubsub } = app.graphql;
      pubsub.publish({ topic: 'targetChanges', payload: { targetChanges: state.update(n) } });
      pubsub.publish({ topic: 'session', payload: { session: state.session } });
    },
  };
}
