import type { IncomingHttpHeaders } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../../graphql/context.js';
import { type Reads, trackReads } from '../../graphql/reads.js';
import type { Log } from '../../log.js';
import type { Grant } from '../access/access.js';
import { answerOf, isKnown } from './answer.js';
import type { QueryCache } from './query-cache.js';

/** A request whose answer was not in the cache, on its way through Yoga. */
export interface Miss {
  readonly key: string;
  /** What its query read, once it was executed without an error. */
  reads: Reads | null;
}

/** What Yoga is given with each request. */
export interface ServerContext {
  /** What the client may see. */
  readonly grant: Grant;
  /** The request's. */
  readonly headers: IncomingHttpHeaders;
  /** Says which request it is about. */
  readonly log: Log;
  /** Calls back when the client's connection has closed, also if its answer's turn never came. Returns the end of it. */
  onGone(listener: () => void): () => void;
  /** Whether the client's connection is still open. */
  isWanted(): boolean;
  /** Null when the operation may go on now that its body is parsed; otherwise resolves when it may. See `LoopBudget`. */
  goOn(): Promise<void> | null;
  /** None when the answer is not to be kept. */
  readonly miss?: Miss;
}

/** Keeps the answers to queries without errors, and sends them as they will be sent from the cache. */
export function useKeptAnswers(cache: QueryCache): Plugin<Context & ServerContext, ServerContext> {
  return {
    onExecute({ context: { miss, store }, extendContext }) {
      if (!miss) return undefined;
      const reads = trackReads(store);
      extendContext({ store: reads.store });
      return {
        onExecuteDone({ result }) {
          // What was written in slices is too long to be kept, and to be copied for it.
          if (isFaultless(result) && !('stringify' in result)) miss.reads = reads;
        },
      };
    },
    async onResponse({ request, response, serverContext, setResponse, fetchAPI }) {
      const { miss } = serverContext;
      const contentType = response.headers.get('content-type') ?? '';
      if (!miss?.reads || response.status !== 200 || !JSON_TYPE.test(contentType)) return;
      const answer = answerOf(await response.text(), contentType);
      cache.keep(miss.key, answer, miss.reads);
      setResponse(
        isKnown(answer, request.method, request.headers.get('if-none-match'))
          ? new fetchAPI.Response(null, { status: 304, headers: answer.validators })
          : new fetchAPI.Response(answer.body, { headers: answer.headers }),
      );
    },
  };
}

/** The media types of one whole answer; event streams and multipart are none. */
const JSON_TYPE = /^application\/(graphql-response\+)?json(;|$)/;

function isFaultless(result: object): boolean {
  return !(Symbol.asyncIterator in result) && !('errors' in result);
}
