import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError, OperationTypeNode } from 'graphql';
import type { Context } from '../../graphql/context.js';
import { trackDependencies } from '../../graphql/dependencies.js';
import type { Executed, LargeAnswer } from '../../graphql/execution.js';
import { selectsLog } from '../../graphql/log-lines.js';
import type { OperationParams, PreparedOperation } from '../../graphql/operation.js';
import type { Pipeline } from '../../graphql/pipeline.js';
import type { Clock } from '../../lib/clock.js';
import { type Log, withFields } from '../../lib/log.js';
import type { Metrics } from '../../lib/metrics.js';
import type { FlushScheduler } from '../../subscriptions/flush-scheduler.js';
import { Reader } from '../../subscriptions/reader.js';
import type { Subscriptions } from '../../subscriptions/subscriptions.js';
import type { Grant } from '../access/access.js';
import type { Compression } from '../compression.js';
import type { ContextOf } from '../contexts.js';
import { REQUEST_ID_HEADER } from '../request.js';
import { acceptsAny } from './accept.js';
import type { AnswerForms } from './answer-forms.js';
import { GZIP_EVENTS, PLAIN_EVENTS } from './event-form.js';
import { EventStream } from './event-stream.js';
import type { OpenStreams } from './open-streams.js';
import type { QueryCache } from './query-cache.js';
import { type Outcome, sendOutcome, sendStream, sendText } from './send-outcome.js';

/** Dependencies that all exchanges share. */
export interface ExchangeOptions {
  readonly pipeline: Pipeline;
  readonly subscriptions: Subscriptions;
  readonly scheduler: FlushScheduler;
  readonly streams: OpenStreams;
  readonly contextOf: ContextOf;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly compression: Compression;
}

/** A request to execute. */
export interface ExchangeRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly grant: Grant;
  /** Accepted media types, see `normalizeAccept`. */
  readonly accept: string;
  /** Key to keep the answer by; null if it is not kept. */
  readonly key: string | null;
}

/** One request and its response: from the parameters of an operation to the bytes of its answer. */
export interface Exchange {
  /** Whether the operation has reached the pipeline, which counts its errors. */
  readonly hasRun: boolean;
  /** Runs an operation. Of its result Yoga is given what it needs to choose the status and the media type. */
  run(params: OperationParams): Promise<YogaResult>;
  /** Sends the result with the status and the headers that Yoga has chosen. */
  send(chosen: Response): Promise<void>;
}

/** A result, which Yoga serialises by calling `stringify`. */
export type YogaResult = ExecutionResult & { readonly stringify?: (result: ExecutionResult) => string };

/** Stands for the results of a subscription, which is not iterated: its reader is an {@link EventStream}. */
export const STREAM: YogaResult & AsyncIterable<never> = {
  [Symbol.asyncIterator]() {
    throw new TypeError('Event streams are written by EventStream.');
  },
};

/** Media type of an answer as a whole, unlike event streams and multipart. */
const JSON_TYPE = /^application\/(graphql-response\+)?json(;|$)/;

/** Creates the exchange of a request. */
export function createExchange(
  { request, response, grant, accept, key }: ExchangeRequest,
  {
    pipeline,
    subscriptions,
    scheduler,
    streams,
    contextOf,
    clock,
    metrics,
    compression,
    ...options
  }: ExchangeOptions,
  cache: QueryCache,
): Exchange {
  const { headers, method, socket } = request;
  const log = withFields(options.log, { requestId: headers[REQUEST_ID_HEADER] });
  let hasRun = false;
  let outcome: Outcome | null = null;
  let stream: EventStream | null = null;
  const cut = createCut(request, metrics);

  return {
    get hasRun() {
      return hasRun;
    },
    async run(params) {
      hasRun = true;
      const context: Context = { ...contextOf(grant.scope), lastEventId: lastEventIdOf(headers) };
      const operation = pipeline.prepare(params, context);
      if (!('document' in operation)) return { errors: operation };
      if (operation.type === OperationTypeNode.SUBSCRIPTION) return subscribe(operation);
      if (operation.type === OperationTypeNode.MUTATION && method !== 'POST') return MUTATION_BY_GET;
      return execute(operation, context);
    },
    async send(chosen) {
      const { body } = chosen;
      const type = chosen.headers.get('content-type') ?? '';
      if (stream) {
        if (type === 'text/event-stream') stream.open();
        else stream.end();
      }
      if (response.headersSent || response.destroyed) return;
      const destination = { request, response, accepted: compression.codingOf(request) };
      if (outcome !== null && JSON_TYPE.test(type)) {
        await sendOutcome(outcome, chosen, destination);
      } else if (body === null || JSON_TYPE.test(type)) {
        // An answer of Yoga's own, such as an error in the parameters.
        await sendText(await chosen.text(), chosen, destination);
      } else {
        await sendStream(body, chosen, response);
      }
    },
  };

  async function subscribe(operation: PreparedOperation): Promise<YogaResult> {
    if (method === 'HEAD') return SUBSCRIPTION_BY_HEAD;
    if (!acceptsAny(accept, ['text/event-stream'])) return NOT_ACCEPTABLE;
    const opened = new EventStream(request, response, {
      clock,
      scheduler,
      streams,
      expiresAt: grant.expiresAt,
      form: compression.isEventStreamCompressed(request) ? GZIP_EVENTS : PLAIN_EVENTS,
      cut,
    });
    const reader = await pipeline.subscribe(operation, { headers, log }, () =>
      subscriptions.subscribe(operation, opened, metrics.sse),
    );
    if (!(reader instanceof Reader)) return reader;
    opened.attach(reader);
    stream = opened;
    return STREAM;
  }

  async function execute(operation: PreparedOperation, context: Context): Promise<YogaResult> {
    const isKeyed = key !== null && !selectsLog(operation.document);
    const dependencies = isKeyed ? trackDependencies(context.store) : null;
    const executed = await pipeline.execute(operation, {
      context: dependencies ? { ...context, store: dependencies.store } : context,
      headers,
      log,
      isWanted: () => !socket.destroyed,
    });
    const { large = null, errors, stringify } = executed;
    const isTagged = key !== null && !errors && (large?.bytes ?? 0) <= cache.maxResponseBytes;
    const isKept = isTagged && dependencies !== null;
    const keep = isKept ? (answer: AnswerForms) => cache.keep(key, answer, dependencies) : null;
    const current: Outcome = { text: null, large, isTagged, keep };
    outcome = current;
    if (large) holdMemory(large, response, cut);
    return { ...toYogaResult(executed), stringify: serialise };

    function serialise(result: ExecutionResult): string {
      // A large answer is sent in parts; as an event it has to be a single text.
      if (large) return acceptsAny(accept, JSON_TYPES) ? '' : Buffer.concat(large.parts).toString();
      current.text = stringify ? stringify() : JSON.stringify(result);
      return current.text;
    }
  }
}

/**
 * Creates the function that closes the connection of a client that takes too long to read. A stream keeps it
 * for hours: as a closure of an exchange it would keep all of that, with 64 kB of the body in its key.
 */
function createCut({ socket }: IncomingMessage, metrics: Metrics): () => void {
  return () => {
    metrics.rejected('RESPONSE_NOT_READ');
    socket.destroy();
  };
}

/** Counts an answer as unsent until its response has closed. `cut` closes the connection. */
function holdMemory({ memory }: LargeAnswer, response: ServerResponse, cut: () => void): void {
  const release = memory.retain(cut);
  if (response.closed) release();
  else response.once('close', release);
}

function lastEventIdOf({ 'last-event-id': id }: IncomingHttpHeaders): string | null {
  return typeof id === 'string' ? id : null;
}

const JSON_TYPES = ['application/json', 'application/graphql-response+json'];

function toYogaResult({ data, errors }: Executed): YogaResult {
  if (errors?.some(({ extensions }) => extensions.code === 'SERVER_BUSY'))
    return { errors: errors.map(({ message, extensions }) => httpError(message, extensions, BUSY)) };
  return { ...(errors && { errors }), ...(data !== undefined && { data }) };
}

const BUSY = { status: 503, headers: { 'retry-after': '5' } };

/** Creates an error with a status. Yoga reads the extension `http`, and does not send it. */
export function httpError(message: string, extensions: object, http: object): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, http } });
}

const NOT_ACCEPTABLE: ExecutionResult = {
  errors: [
    httpError(
      'Subscriptions are sent as server-sent events: expected "text/event-stream" in the header Accept.',
      { code: 'NOT_ACCEPTABLE' },
      { status: 406 },
    ),
  ],
};

const SUBSCRIPTION_BY_HEAD: ExecutionResult = {
  errors: [
    httpError(
      'A subscription requires a GET or POST request.',
      { code: 'BAD_REQUEST' },
      { status: 405, headers: { Allow: 'GET, POST' } },
    ),
  ],
};

const MUTATION_BY_GET: ExecutionResult = {
  errors: [
    httpError(
      'Can only perform a mutation operation from a POST request.',
      { code: 'BAD_REQUEST' },
      { status: 405, headers: { Allow: 'POST' } },
    ),
  ],
};
