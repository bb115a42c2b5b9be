import type { Plugin } from 'graphql-yoga';
import type { Context } from '../../graphql/context.js';
import { trackReads } from '../../graphql/reads.js';
import { answerOf, isKnown, JSON_TYPE } from './answer.js';
import type { QueryCache } from './query-cache.js';
import type { ServerContext } from './server-context.js';

/** Keeps the answers to queries without errors, and sends them as they will be sent from the cache. */
export function useKeptAnswers(cache: QueryCache): Plugin<Context & ServerContext, ServerContext> {
  return {
    onExecute({ context: { miss, large, store }, extendContext }) {
      if (!miss) return undefined;
      const reads = trackReads(store);
      extendContext({ store: reads.store });
      return {
        onExecuteDone({ result }) {
          // What is too long to be kept is not copied for it.
          const bytes = large.answer?.bytes ?? 0;
          if (isFaultless(result) && bytes <= cache.maxAnswerBytes) miss.reads = reads;
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

function isFaultless(result: object): boolean {
  return !(Symbol.asyncIterator in result) && !('errors' in result);
}
