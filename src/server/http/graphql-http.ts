import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLoopBudget, type LoopBudget } from '../../graphql/loop-budget.js';
import { withFields } from '../../lib/log.js';
import type { Grant } from '../access/access.js';
import { REQUEST_ID_HEADER } from '../request.js';
import { sendAnswer } from './answer.js';
import { readBody, readChunks } from './body.js';
import { drained } from './drained.js';
import { createLargeResponse } from './large-response.js';
import { onClose } from './on-close.js';
import { createQueryCache, type QueryCacheLimits } from './query-cache.js';
import { createGraphQLYoga, type YogaOptions } from './yoga.js';

/**
 * The biggest body, in bytes, whose answer is looked for in the cache: what is bigger is hardly sent twice. Its JSON is parsed in
 * 8 ms at most.
 */
const MAX_CACHED_BODY = 64_000;

/**
 * What is there of a request's body. The JSON of a `long` one takes a turn of the event loop by itself, up to 120 ms. One that is
 * `unread` is empty, or too long, or of a method that has none: Yoga rejects the request.
 */
type BodyKind = 'short' | 'long' | 'unread';

/** What GraphQL over HTTP is made of. */
export interface GraphQLHttpOptions extends YogaOptions {
  readonly queryCache: QueryCacheLimits;
  readonly budget: LoopBudget;
}

/**
 * Answers a request.
 *
 * @param grant what the client may see: an answer is kept for requests of the same scope
 */
export type GraphQLHttp = (request: IncomingMessage, response: ServerResponse, grant: Grant) => void;

/**
 * GraphQL over HTTP. An answer that was given before, and would be the same now, is sent as it is kept; everything
 * else is Yoga's, with the request as it came.
 */
export function createGraphQLHttp(options: GraphQLHttpOptions): GraphQLHttp {
  const { metrics, budget, limits, clock } = options;
  const cache = createQueryCache(options.queryCache, metrics);
  const yoga = createGraphQLYoga(options, cache);
  // Of its own: bodies need not wait for the operations of others.
  const reading = { maxBytes: limits.bodyBytes, budget: createLoopBudget(clock) };

  return (request, response, grant) => {
    const { method, headers } = request;
    const length = Number(headers['content-length']);
    if (method === 'GET') {
      const key = keyOf(request, grant.scope.key, '');
      if (!sendKept(request, response, key)) execute(request, response, grant, 'short', key);
    } else if (method === 'POST' && length > 0 && length <= limits.bodyBytes) {
      readBody(request, length, onBody);
    } else if (method === 'POST' && headers['transfer-encoding'] !== undefined) {
      readChunks(request, reading, onBody);
    } else {
      execute(request, response, grant, 'unread');
    }

    function onBody(body: Buffer): void {
      const kind = kindOf(body.length);
      const key = kind === 'short' ? keyOf(request, grant.scope.key, body.toString('latin1')) : null;
      if (key !== null && sendKept(request, response, key)) return;
      request.unshift(body);
      execute(request, response, grant, kind, key);
    }
  };

  function kindOf(bytes: number): BodyKind {
    if (bytes === 0 || bytes > limits.bodyBytes) return 'unread';
    return bytes > MAX_CACHED_BODY ? 'long' : 'short';
  }

  function sendKept(request: IncomingMessage, response: ServerResponse, key: string): boolean {
    const answer = cache.find(key);
    if (answer) sendAnswer(request, response, answer, idHeaderOf(request));
    return answer !== null;
  }

  /** @param key what to keep the answer by; null: not at all */
  function execute(
    request: IncomingMessage,
    response: ServerResponse,
    grant: Grant,
    body: BodyKind,
    key: string | null = null,
  ): void {
    const { headers, socket } = request;
    // Handed on, not kept in an AsyncLocalStorage: with one in use, all asynchronous work of a process costs more on Node
    // 20 (a cached answer took 126 µs of CPU instead of 60).
    const [name, requestId] = idHeaderOf(request);
    if (name !== undefined && requestId !== undefined) response.setHeader(name, requestId);
    const log = withFields(options.log, { requestId });
    const base = {
      grant,
      headers,
      log,
      onGone: (listener: () => void) => onClose(socket, listener),
      isWanted: () => !socket.destroyed,
      drained: () => drained(response),
      cut,
      large: createLargeResponse(response, cut),
    };
    const goOn = body === 'long' ? () => budget.goOn() : () => null;
    const context = key === null ? { ...base, goOn } : { ...base, goOn, miss: { key, reads: null } };
    const pause = body === 'unread' ? null : budget.pass();
    const answered = pause
      ? pause.then(() => yoga(request, response, context))
      : yoga(request, response, context);
    Promise.resolve(answered)
      .then(() => response.statusCode === 413 && metrics?.rejected('BODY_TOO_LARGE'))
      .catch((error) => {
        log('error', 'a request failed', { error: String(error) });
        response.destroy();
      });

    function cut(): void {
      metrics?.rejected('ANSWER_NOT_READ');
      socket.destroy();
    }
  }
}

/** The header with the id that the server has given the request, or it brought: its name and its value. */
function idHeaderOf({ headers }: IncomingMessage): readonly string[] {
  const id = headers[REQUEST_ID_HEADER];
  return typeof id === 'string' ? [REQUEST_ID_HEADER, id] : [];
}

/** All that Yoga looks at in a request, byte by byte: no line break can be in what stands before the body. */
function keyOf({ method, url, headers }: IncomingMessage, scope: string, body: string): string {
  return `${scope}\n${method}\n${url}\n${headers.accept ?? ''}\n${headers['content-type'] ?? ''}\n${body}`;
}
