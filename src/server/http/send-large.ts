import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Executed } from '../../graphql/job.js';
import { JSON_TYPE } from './answer.js';
import type { LargeResponse } from './large-response.js';
import type { ServerContext } from './server-context.js';

/** What Yoga is given of an executed operation: of a large answer only the errors. */
export function toYogaResult({ large, ...result }: Executed, response: LargeResponse): ExecutionResult {
  if (!large)
    return result.errors?.some(isBusy) ? { errors: result.errors.map(toServiceUnavailable) } : result;
  response.take(large);
  return Object.assign(result, { stringify: () => '' });
}

/** Sends large answers part by part, each once the client has taken the one before. */
export function useLargeResponses(): Plugin<object, ServerContext> {
  return {
    onResponse({ response: { status, headers }, serverContext: { large }, setResponse, fetchAPI }) {
      const contentType = headers.get('content-type') ?? '';
      if (large.answer === null || !JSON_TYPE.test(contentType)) return;
      const { parts, bytes } = large.answer;
      const rest = parts.values();
      const body = new fetchAPI.ReadableStream<Uint8Array>({
        pull(controller) {
          const { done, value } = rest.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      });
      const length = { 'content-type': contentType, 'content-length': String(bytes) };
      setResponse(new fetchAPI.Response(body, { status, headers: length }));
    },
  };
}

function isBusy({ extensions }: GraphQLError): boolean {
  return extensions.code === 'SERVER_BUSY';
}

/** Yoga takes the response's status from the extension `http`, which it does not send. */
function toServiceUnavailable({ message, extensions }: GraphQLError): GraphQLError {
  const http = { status: 503, headers: { 'retry-after': '5' } };
  return new GraphQLError(message, { extensions: { ...extensions, http } });
}
