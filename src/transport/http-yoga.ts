import type { GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import type { Clock } from '../clock.js';
import type { Context } from '../graphql/context.js';
import { maskError } from '../graphql/mask.js';
import { createDocumentCache } from '../graphql/operation.js';
import type { Live } from '../live/live.js';
import type { Log } from '../log.js';
import { type ServerContext, useKeptAnswers } from './http-keep-answers.js';
import type { QueryCache } from './query-cache.js';
import { useServerSentEvents } from './sse.js';

/** The biggest request body, in bytes: room for any query a person or code generator writes. */
const MAX_BODY = 1_000_000;

/** What Yoga is set up with. */
export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly clock: Clock;
  readonly log: Log;
  readonly live: Live;
  /** The path it answers at. */
  readonly path: string;
  /** What every resolver gets; `lastEventId` comes from the request. */
  readonly context: Omit<Context, 'lastEventId'>;
}

/** Yoga as we use it: GraphQL over HTTP by GET, POST and server-sent events. Answers go to the cache, too. */
export function createGraphQLYoga(
  { schema, clock, log, live, path, context }: YogaOptions,
  cache: QueryCache,
): YogaServerInstance<ServerContext, Context> {
  return createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: path,
    context: ({ request }): Context => ({ ...context, lastEventId: request.headers.get('last-event-id') }),
    plugins: [useReaders(live), useServerSentEvents(clock), useKeptAnswers(cache)],
    maskedErrors: { maskError: (error) => maskError(error, log) },
    maxRequestBodySize: MAX_BODY,
    // Yoga's own would keep 1,024 texts of any size.
    parserAndValidationCache: {
      documentCache: createDocumentCache(),
      errorCache: createDocumentCache<unknown>(),
    },
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
