import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLoopBudget, type LoopBudget } from '../../graphql/event-loop.js';
import type { Grant } from '../access/access.js';
import type { Rejection } from '../access/allow-list.js';
import { reject } from '../access/reject.js';
import type { Limits } from '../limits.js';
import { REQUEST_ID_HEADER } from '../request.js';
import { normalizeAccept } from './accept.js';
import { sendForm } from './answer-forms.js';
import { MIN_CHUNK_BYTES, readBody, readChunks } from './body.js';
import { createExchange, type ExchangeOptions, type ExchangeRequest } from './exchange.js';
import { createQueryCache, type QueryCacheLimits } from './query-cache.js';
import { createGraphQLYoga, type YogaOptions } from './yoga.js';

/**
 * Longest body, in bytes, whose answer is looked up in the cache: longer ones are rarely sent twice. Its JSON
 * is parsed in 8 ms at most.
 */
const MAX_CACHED_BODY = 64_000;

/** Dependencies and limits of GraphQL over HTTP. */
export interface GraphQLHttpOptions extends Omit<YogaOptions, 'maxValues'>, ExchangeOptions {
  readonly queryCache: QueryCacheLimits;
  readonly budget: LoopBudget;
  readonly limits: Pick<Limits, 'bodyBytes' | 'jsonValues'>;
}

/**
 * Answers a request.
 *
 * @param grant what the client may see: an answer is kept for requests of the same scope
 */
export type GraphQLHttp = (request: IncomingMessage, response: ServerResponse, grant: Grant) => void;

/** Body of a request; null if it has none, or one that is not read. */
type Body = Buffer | null;

/**
 * Creates GraphQL over HTTP. An answer that was given before and has not changed is sent from the cache.
 * Other operations are executed (`exchange.ts`).
 */
export function createGraphQLHttp(options: GraphQLHttpOptions): GraphQLHttp {
  const { metrics, budget, limits, clock, path, log, compression } = options;
  const cache = createQueryCache(options.queryCache, metrics);
  const yoga = createGraphQLYoga({ ...options, maxValues: limits.jsonValues });
  // A budget of their own: bodies do not wait for operations.
  const reading = { maxBytes: limits.bodyBytes, budget: createLoopBudget(clock) };

  return (request, response, grant) => {
    const { headers } = request;
    const method = methodOf(request);
    const length = Number(headers['content-length']);
    if (method === 'POST' && length > 0 && length <= limits.bodyBytes) {
      readBody(request, length, answer);
    } else if (method === 'POST' && headers['transfer-encoding'] !== undefined) {
      readChunks(request, reading, answer, () => {
        metrics.rejected(TINY_CHUNKS.code);
        reject(request, response, TINY_CHUNKS);
      });
    } else {
      answer(null);
    }

    function answer(body: Body): void {
      const size = body?.length ?? (method === 'GET' ? 0 : length || 0);
      const isCacheable = method === 'GET' || (size > 0 && size <= MAX_CACHED_BODY);
      const key = isCacheable ? keyOf(request, grant.scope.key, body?.toString('latin1') ?? '') : null;
      const kept = key === null ? null : cache.find(key);
      if (kept) sendForm(request, response, kept.find(compression.codingOf(request)), idHeaderOf(request));
      else {
        const accept = normalizeAccept(headers.accept || '*/*');
        start({ request, response, grant, accept, key }, body, size);
      }
    }
  };

  function start(incoming: ExchangeRequest, body: Body, size: number): void {
    const { request, response, accept } = incoming;
    const { 'content-type': contentType = '' } = request.headers;
    const method = methodOf(request);
    const [name, requestId] = idHeaderOf(request);
    if (name !== undefined && requestId !== undefined) response.setHeader(name, requestId);
    const exchange = createExchange(incoming, options, cache);
    const isTooLong = size > limits.bodyBytes;
    const isLong = size > MAX_CACHED_BODY;
    // The rest of it is discarded, so that the connection can be used again.
    if (isTooLong) request.resume();
    // The JSON of a long body takes up to 25 ms, an iteration of the event loop by itself.
    const continueLater = () => (isLong ? budget.goOn() : null);
    const context = { exchange, contentType, isTooLong, continueLater };
    const isParsed = !isTooLong && (method === 'GET' || size > 0);
    const turn = isParsed ? budget.pass() : null;
    const answered = turn ? turn.then(run) : run();
    answered.catch((error) => {
      log('error', 'a request failed', { requestId, error: String(error) });
      response.destroy();
    });

    async function run(): Promise<void> {
      const headers = { accept, ...(contentType && { 'content-type': contentType }) };
      // Yoga reads neither the host nor the rest of the headers.
      const url = `http://localhost${request.url ?? path}`;
      const init =
        isTooLong || body === null ? { method, headers } : { method, headers, body: body.toString() };
      const chosen = await yoga.handleRequest(new yoga.fetchAPI.Request(url, init), context);
      if (chosen.status === 413) metrics.rejected('BODY_TOO_LARGE');
      await exchange.send(chosen);
    }
  }
}

const TINY_CHUNKS: Rejection = {
  status: 400,
  code: 'BODY_IN_TINY_CHUNKS',
  message: `The body has too many chunks: expected at least ${MIN_CHUNK_BYTES} bytes per chunk on average. Send larger chunks, or Content-Length.`,
};

/** The header with the request's id, as name and value; empty if it has none. */
function idHeaderOf({ headers }: IncomingMessage): readonly string[] {
  const id = headers[REQUEST_ID_HEADER];
  return typeof id === 'string' ? [REQUEST_ID_HEADER, id] : [];
}

/** Method of a request. HEAD is handled as GET (RFC 9110, section 9.3.2): Node.js leaves out the body. */
function methodOf({ method = '' }: IncomingMessage): string {
  return method === 'HEAD' ? 'GET' : method;
}

/** All that an answer depends on, byte by byte. No line break can be in what precedes the body. */
function keyOf(request: IncomingMessage, scope: string, body: string): string {
  const { url, headers } = request;
  return `${scope}\n${methodOf(request)}\n${url}\n${headers.accept ?? ''}\n${headers['content-type'] ?? ''}\n${body}`;
}
