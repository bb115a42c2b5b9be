import { GraphQLError } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import { maskError } from '../../graphql/errors.js';
import { namesDocument, type Operations } from '../../graphql/operation.js';
import { hasMoreFields, hasMoreValues } from '../../lib/count-values.js';
import { isRecord } from '../../lib/is-record.js';
import type { Log } from '../../lib/log.js';
import { countRejections, type Metrics } from '../../lib/metrics.js';
import { shorten } from '../../model/plain-text.js';
import { type Exchange, httpError, STREAM } from './exchange.js';

/** Settings of Yoga. */
export interface YogaOptions {
  readonly log: Log;
  /** Path of the endpoint. */
  readonly path: string;
  readonly operations: Operations;
  readonly metrics: Metrics;
  /** Limit `jsonValues`. */
  readonly maxValues: number;
}

/** What Yoga is given with each request. */
export interface YogaContext {
  readonly exchange: Exchange;
  /** Header `Content-Type` of the request; empty if it has none. */
  readonly contentType: string;
  /** Whether the body is longer than the limit. */
  readonly isTooLong: boolean;
  /**
   * Null if the operation may continue now that its body is parsed; otherwise resolves when it may. See
   * `LoopBudget`.
   */
  continueLater(): Promise<void> | null;
}

/**
 * Creates Yoga for the HTTP protocol alone: parameters of a request by its media type, status and media type
 * of an answer. Operations run in the pipeline (`graphql/pipeline.ts`), and answers are sent by the exchange.
 */
export function createGraphQLYoga({
  log,
  path,
  operations,
  metrics,
  maxValues,
}: YogaOptions): YogaServerInstance<YogaContext, object> {
  return createYoga<YogaContext>({
    graphqlEndpoint: path,
    plugins: [useParams(maxValues), useExchange(operations), useStatus(metrics)],
    extraParamNames: ['documentId'],
    maskedErrors: { maskError: (error) => maskError(error, log) },
    // Checked before the body is read.
    maxRequestBodySize: false,
    parserAndValidationCache: false,
    // Pages of other origins must not read from a gateway on their visitor's laptop.
    cors: false,
    multipart: false,
    batching: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
}

/** Reads the parameters. Yoga would report variables in a URL that are not JSON as an error of the server. */
function useParams(maxValues: number): Plugin<object, YogaContext> {
  return {
    onRequestParse({ request: { method }, requestParser, setRequestParser, serverContext }) {
      if (method !== 'GET' && method !== 'POST') throw METHOD_NOT_ALLOWED;
      const { isTooLong, contentType } = serverContext;
      if (isTooLong) throw BODY_TOO_LARGE;
      // Without one, Yoga would answer with an empty body.
      const parseOther =
        requestParser ??
        (() => {
          throw unsupportedType(contentType);
        });
      setRequestParser(async (request) => {
        try {
          const params = await (readUrlParams(request, maxValues) ??
            readJsonParams(request, maxValues) ??
            parseOther(request));
          await serverContext.continueLater();
          return params;
        } catch (error) {
          if (error instanceof SyntaxError)
            throw badRequest('Expected JSON as "variables" and "extensions".');
          throw error;
        }
      });
    },
  };
}

/** HEAD is passed to Yoga as GET. */
const METHOD_NOT_ALLOWED = httpError(
  'GraphQL only supports GET, HEAD and POST requests.',
  { code: 'BAD_REQUEST' },
  { status: 405, headers: { Allow: 'GET, HEAD, POST' } },
);

const BODY_TOO_LARGE = httpError(
  'Request body too large',
  { code: 'REQUEST_ENTITY_TOO_LARGE' },
  { status: 413 },
);

const POST_TYPES = 'application/json, application/graphql or application/x-www-form-urlencoded';

/** Maximum length of the client's media type in an error, in characters. */
const MAX_SHOWN_TYPE = 100;

/** Creates the error for a POST with a body that is not read, because of its media type. */
function unsupportedType(type: string): GraphQLError {
  const found = type === '' ? 'none' : JSON.stringify(shorten(type, MAX_SHOWN_TYPE));
  return httpError(
    `Expected the header Content-Type: ${POST_TYPES}, got ${found}.`,
    { code: 'BAD_REQUEST' },
    { status: 415 },
  );
}

/** Throws an error if JSON has more values than the limit, before it is parsed. */
function limitValues(json: string, max: number): void {
  if (hasMoreValues(json, max))
    throw tooManyValues(`The JSON has more than ${max} values (--limit jsonValues).`);
}

function tooManyValues(message: string): GraphQLError {
  return httpError(message, { code: 'TOO_MANY_VALUES' }, { status: 400 });
}

function badRequest(message: string): GraphQLError {
  return httpError(message, { code: 'BAD_REQUEST' }, { status: 400 });
}

/** Hands the parameters to the exchange, after Yoga's own checks of their types. */
function useExchange(operations: Operations): Plugin<object, YogaContext> {
  return {
    onParams({ params, setParams, setParamsHandler, context: { exchange } }) {
      setParamsHandler((checked) => exchange.run(checked.params));
      if (typeof params !== 'object' || params === null) return;
      const isNamed = params.query == null && namesDocument(params);
      if (operations.isRestricted || isNamed) setParams({ ...params, query: operations.findText(params) });
    },
    onResultProcess({ result, resultProcessor, setResultProcessor }) {
      if (result !== STREAM || !resultProcessor) return;
      setResultProcessor(
        (_, { Response }) => new Response(null, { headers: { 'content-type': 'text/event-stream' } }),
        'text/event-stream',
      );
    },
  };
}

/**
 * Gives an answer without `data` a status of 4xx or 5xx if the client accepts
 * `application/graphql-response+json`, which requires it (GraphQL over HTTP, section 6.4.2). With
 * `application/json` the status stays 200, unless the request is not well-formed (section 6.4.1).
 */
function useStatus(metrics: Metrics): Plugin<object, YogaContext> {
  return {
    onResultProcess({ result, setResult, serverContext: { exchange } }) {
      if (Array.isArray(result) || !('errors' in result) || !result.errors) return;
      if (!exchange.hasRun) countRejections(metrics, result.errors);
      if (!('data' in result)) setResult({ ...result, errors: result.errors.map(withStatus) });
    },
  };
}

/**
 * Yoga reads the status there, and does not send it; `spec` means that it is ignored for `application/json`.
 */
function withStatus(error: GraphQLError): GraphQLError {
  const { message, extensions, nodes, source, positions, path, originalError } = error;
  const { code, http: given } = extensions;
  const isMalformed = code === 'BAD_REQUEST' || code === 'OPERATION_RESOLUTION_FAILURE';
  // Yoga ignores its own status for a missing query.
  if (isRecord(given) && !(isMalformed && given.spec === true)) return error;
  const status = code === 'INTERNAL_SERVER_ERROR' ? 500 : 400;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    // A syntax error has no nodes.
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    originalError: originalError ?? null,
    extensions: { ...extensions, http: { spec: !isMalformed, status } },
  });
}

/** Parameters of a request. `documentId` names a persisted document. */
type NamedParams = GraphQLParams & { readonly documentId?: string };

const FORM_TYPE = /^application\/x-www-form-urlencoded *(;|,|$)/i;

/**
 * Reads the parameters of a request that writes them as a URL does: a GET, or a form. Returns null for
 * others. Yoga's own parser does not read `documentId`. Throws a SyntaxError, or rejects with one, for
 * variables and extensions that are not JSON.
 */
function readUrlParams(request: Request, max: number): NamedParams | Promise<NamedParams> | null {
  if (request.method === 'GET') return toParams(new URL(request.url).searchParams, max);
  if (request.method !== 'POST' || !FORM_TYPE.test(request.headers.get('content-type') ?? '')) return null;
  return request.text().then((text) => {
    if (hasMoreFields(text, max))
      throw tooManyValues(`The form has more than ${max} fields (--limit jsonValues).`);
    return toParams(new URLSearchParams(text), max);
  });
}

const JSON_TYPE = /^application\/(graphql\+)?json *(;|,|$)/i;

/**
 * Reads the parameters of a POST in JSON. Returns null for others. Yoga's own parser takes an object with a
 * member `then` for a promise, and its error for other text repeats the whole body.
 */
function readJsonParams(request: Request, max: number): Promise<GraphQLParams> | null {
  if (request.method !== 'POST' || !JSON_TYPE.test(request.headers.get('content-type') ?? '')) return null;
  return request.text().then((text) => {
    limitValues(text, max);
    const body = parseBody(text);
    if (typeof body !== 'object' || body === null) {
      throw badRequest(
        `POST body is expected to be object but received ${body === null ? 'null' : typeof body}`,
      );
    }
    if ('then' in body) throw badRequest('Unexpected parameter "then" in the request body.');
    return body;
  });
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('Expected JSON as the body.');
  }
}

/** Leaves out empty parameters: forms send all of their fields. */
function toParams(params: URLSearchParams, max: number): NamedParams {
  const [query, operationName, documentId, variables, extensions] = NAMES.map((name) => params.get(name));
  limitValues(variables ?? '', max);
  limitValues(extensions ?? '', max);
  return {
    ...(query && { query }),
    ...(operationName && { operationName }),
    ...(documentId && { documentId }),
    ...(variables && { variables: JSON.parse(variables) }),
    ...(extensions && { extensions: JSON.parse(extensions) }),
  };
}

const NAMES = ['query', 'operationName', 'documentId', 'variables', 'extensions'] as const;
