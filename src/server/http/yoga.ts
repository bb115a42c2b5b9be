import { type ExecutionArgs, GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../../graphql/context.js';
import type { Executor } from '../../graphql/executor.js';
import { maskError } from '../../graphql/mask.js';
import { createDocumentCache, namesDocument, type Operations } from '../../graphql/operation.js';
import type { Clock } from '../../lib/clock.js';
import { codeOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import { countRejections, createMetrics, type Metrics } from '../../lib/metrics.js';
import { noTracer, type Tracer } from '../../lib/tracing.js';
import type { Live } from '../../subscriptions/live.js';
import type { PayloadStream } from '../../subscriptions/reader.js';
import type { ContextOf } from '../contexts.js';
import type { Limits } from '../limits.js';
import { useKeptAnswers } from './keep-answers.js';
import type { QueryCache } from './query-cache.js';
import { toYogaResult, useLargeResponses } from './send-large.js';
import type { ServerContext } from './server-context.js';
import { useServerSentEvents } from './sse.js';
import { useStatusWithoutData } from './status.js';
import { readUrlParams } from './url-params.js';

/** What Yoga is set up with. */
export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly clock: Clock;
  readonly log: Log;
  readonly live: Live;
  /** The path it answers at. */
  readonly path: string;
  readonly operations: Operations;
  readonly executor: Executor;
  readonly contextOf: ContextOf;
  readonly limits: Pick<Limits, 'bodyBytes'>;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** Default: nobody is told. */
  readonly tracer?: Tracer;
}

/** Yoga as we use it: GraphQL over HTTP by GET, POST and server-sent events. Answers go to the cache, too. */
export function createGraphQLYoga(
  options: YogaOptions,
  cache: QueryCache,
): YogaServerInstance<ServerContext, Context> {
  const { schema, clock, log, live, path, operations, contextOf, limits, executor } = options;
  const { metrics = createMetrics(), tracer = noTracer } = options;
  return createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: path,
    context: ({ request, grant }): Context => ({
      ...contextOf(grant.scope),
      lastEventId: request.headers.get('last-event-id'),
    }),
    plugins: [
      useRequestErrors(),
      useOperations(operations, executor),
      useRefusals(metrics),
      useStatusWithoutData(),
      useTracer(tracer),
      useReaders(live),
      useServerSentEvents(clock),
      useLargeResponses(),
      useKeptAnswers(cache),
    ],
    extraParamNames: ['documentId'],
    maskedErrors: { maskError: (error) => maskError(error, log) },
    maxRequestBodySize: limits.bodyBytes,
    // Yoga's own would keep 1,024 texts of any size.
    parserAndValidationCache: {
      documentCache: createDocumentCache(),
      errorCache: createDocumentCache<object>(),
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

/**
 * A request that cannot be read is its client's doing: of variables in a URL that are no JSON, and of a client that leaves
 * in the middle of a body, Yoga would say that the server failed.
 */
function useRequestErrors(): Plugin<object, ServerContext> {
  return {
    onRequestParse({ requestParser, setRequestParser, serverContext }) {
      if (!requestParser) return;
      setRequestParser(async (request) => {
        try {
          const parsed = await (readUrlParams(request) ?? requestParser(request));
          await serverContext.goOn();
          return parsed;
        } catch (error) {
          if (error instanceof SyntaxError)
            throw badRequest('Expected JSON as "variables" and "extensions".');
          if (isBrokenBody(error)) throw badRequest('Expected JSON as the body.');
          // What `node:http` says of a connection that ends before the request that came over it.
          if (codeOf(error) === 'ECONNRESET') throw badRequest('Expected the whole body, got a part of it.');
          throw error;
        }
      });
    },
  };
}

function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
}

/** Yoga's own error repeats all of the body. */
function isBrokenBody(error: unknown): boolean {
  return error instanceof GraphQLError && 'originalError' in error.extensions;
}

/** Documents are read, checked and refused as over WebSocket. */
function useOperations(operations: Operations, executor: Executor): Plugin<Context & ServerContext> {
  return {
    onParams({ params, setParams }) {
      // Yoga's own checks, which are stricter about what is no query at all, come later.
      if (typeof params !== 'object' || params === null) return;
      const isNamed = params.query == null && namesDocument(params);
      if (operations.isRestricted || isNamed) setParams({ ...params, query: operations.textOf(params) });
    },
    onParse: ({ setParseFn }) => setParseFn((source) => operations.parse(String(source))),
    onValidate({ addValidationRule, setValidationFn }) {
      setValidationFn((_, document, rules) => operations.validate(document, rules));
      for (const rule of operations.rules) addValidationRule(rule);
    },
    onExecute({ args, context, setExecuteFn, setResultAndStopExecution }) {
      const cost = operations.costOf(args, context);
      if (typeof cost !== 'number') {
        setResultAndStopExecution({ errors: [cost] });
        return;
      }
      Object.assign(args, { hideSuggestions: operations.hideSuggestions });
      const { log, isWanted, large } = context;
      setExecuteFn((executed: ExecutionArgs) => {
        const result = executor.execute({ args: executed, context, cost, log, isWanted });
        return result instanceof Promise
          ? result.then((late) => toYogaResult(late, large))
          : toYogaResult(result, large);
      });
    },
    onSubscribe({ args, context, setResultAndStopExecution }) {
      Object.assign(args, { hideSuggestions: operations.hideSuggestions });
      const cost = operations.costOf(args, context);
      if (typeof cost !== 'number') setResultAndStopExecution({ errors: [cost] });
    },
  };
}

function useRefusals(metrics: Metrics): Plugin {
  return {
    onResultProcess({ result }) {
      if (!Array.isArray(result) && 'errors' in result && result.errors)
        countRejections(metrics, result.errors);
    },
  };
}

/** A subscription's span ends when it has begun: one that lasts for hours would only be seen after them. */
function useTracer(tracer: Tracer): Plugin<ServerContext> {
  if (tracer === noTracer) return {};
  return {
    onExecute({ args, context }) {
      const span = tracer.begin({ ...args, headers: context.headers });
      return { onExecuteDone: ({ result }) => span.end('errors' in result) };
    },
    onSubscribe({ args, context }) {
      const span = tracer.begin({ ...args, headers: context.headers });
      return { onSubscribeResult: ({ result }) => span.end('errors' in result) };
    },
  };
}

/** Subscriptions are fed by our readers, as over WebSocket. */
function useReaders(live: Live): Plugin<ServerContext> {
  return {
    onSubscribe({ context, setSubscribeFn }) {
      setSubscribeFn(async (args: ExecutionArgs) => {
        const stream = await live.pull(args, context.cut);
        return Symbol.asyncIterator in stream ? endingWith(stream, context) : stream;
      });
    },
  };
}

/**
 * A stream that ends with its connection (S7). Yoga ends it when the answer is cut off, which one that still waits for its
 * turn, behind another of the same connection, never is.
 */
function endingWith(stream: PayloadStream, { onGone }: ServerContext): PayloadStream {
  const stopListening = onGone(() => void stream.return(undefined));
  return {
    ...stream,
    return(value) {
      stopListening();
      return stream.return(value);
    },
  };
}
