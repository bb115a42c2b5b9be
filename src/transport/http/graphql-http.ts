import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoopBudget } from '../../graphql/loop-budget.js';
import { withFields } from '../../log.js';
import type { Grant } from '../access/access.js';
import { REQUEST_ID_HEADER } from '../request-id.js';
import { sendAnswer } from './answer.js';
import { readBody } from './body.js';
import { onClose } from './on-close.js';
import { createQueryCache, type QueryCacheLimits } from './query-cache.js';
import { createGraphQLYoga, type YogaOptions } from './yoga.js';

/** The biggest body, in bytes, whose answer is looked for in the cache: what is bigger is hardly sent twice. */
const MAX_CACHED_BODY = 64_000;

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
  const { metrics } = options;
  const cache = createQueryCache(options.queryCache, metrics);
  const yoga = createGraphQLYoga(options, cache);

  return (request, response, grant) => {
    const scope = grant.scope.key;
    const length = Number(request.headers['content-length']);
    if (request.method === 'GET') {
      const key = keyOf(request, scope, '');
      if (!sendKept(request, response, key)) execute(request, response, grant, key);
    } else if (request.method === 'POST' && length > 0 && length <= options.limits.bodyBytes) {
      readBody(request, length, (body) => {
        const isCached = length <= MAX_CACHED_BODY;
        const key = isCached ? keyOf(request, scope, body.toString('latin1')) : null;
        if (key !== null && sendKept(request, response, key)) return;
        request.unshift(body);
        execute(request, response, grant, key);
      });
    } else {
      execute(request, response, grant, null, false);
    }
  };

  function sendKept(request: IncomingMessage, response: ServerResponse, key: string): boolean {
    const answer = cache.find(key);
    if (answer) sendAnswer(request, response, answer, idHeaderOf(request));
    return answer !== null;
  }

  /**
   * @param key what to keep the answer by; null: not at all
   * @param isRead whether the whole body is there: reading its JSON counts as a part of the operation then
   */
  function execute(
    request: IncomingMessage,
    response: ServerResponse,
    grant: Grant,
    key: string | null,
    isRead = true,
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
    };
    const { budget } = options;
    const pass = isRead ? () => null : () => budget.pass();
    const context = key === null ? { ...base, pass } : { ...base, pass, miss: { key, reads: null } };
    const pause = isRead ? budget.pass() : null;
    const answered = pause
      ? pause.then(() => yoga(request, response, context))
      : yoga(request, response, context);
    Promise.resolve(answered)
      .then(() => response.statusCode === 413 && metrics?.refused('BODY_TOO_LARGE'))
      .catch((error) => {
        log('error', 'a request failed', { error: String(error) });
        response.destroy();
      });
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
