import type { GraphQLSchema } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Clock } from '../clock.js';
import type { Context } from '../graphql/context.js';
import { maskError } from '../graphql/mask.js';
import type { Live } from '../live/live.js';
import type { Log } from '../log.js';
import { useServerSentEvents } from './sse.js';

/** The biggest request body, in bytes: room for any query a person or code generator writes. */
const MAX_BODY = 1_000_000;

/** What GraphQL over HTTP is made of. */
export interface GraphQLHttpOptions {
  readonly schema: GraphQLSchema;
  readonly clock: Clock;
  readonly log: Log;
  readonly live: Live;
  /** The path it answers at. */
  readonly path: string;
  /** What every resolver gets; `lastEventId` comes from the request. */
  readonly context: Omit<Context, 'lastEventId'>;
}

/** GraphQL over HTTP (GET, POST and server-sent events), by Yoga: a handler for `node:http`. */
export function createGraphQLHttp({ schema, clock, log, live, path, context }: GraphQLHttpOptions) {
  return createYoga({
    schema,
    graphqlEndpoint: path,
    context: ({ request }): Context => ({ ...context, lastEventId: request.headers.get('last-event-id') }),
    plugins: [useReaders(live), useServerSentEvents(clock)],
    maskedErrors: { maskError: (error) => maskError(error, log) },
    maxRequestBodySize: MAX_BODY,
    // A page of another origin has no business with a gateway on its visitor's laptop.
    cors: false,
    multipart: false,
    batching: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
}

/** Subscriptions are fed by our readers, as over WebSocket. */
function useReaders(live: Live): Plugin {
  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(live.pull) };
}
