import type { ExecutionResult } from 'graphql';
import type { FetchAPI, Plugin } from 'graphql-yoga';
import type { Clock } from '../../clock.js';
import { isPayload } from '../../live/payload.js';
import type { ServerContext } from './keep-answers.js';

/** How often an idle stream says that it is alive: proxies commonly cut what is silent for 30 or 60 s. */
const PING_MS = 12_000;

/**
 * Subscriptions as server-sent events (the "distinct connections mode" of graphql-sse's protocol), each with its
 * cursor as the event's id: a client that reconnects sends it back by itself, as `Last-Event-ID` (S4).
 */
export function useServerSentEvents(clock: Clock): Plugin<object, ServerContext> {
  return {
    onResultProcess({ result, resultProcessor, setResultProcessor, serverContext }) {
      if (!resultProcessor || !isStream(result)) return;
      const { expiresAt } = serverContext.grant;
      setResultProcessor(
        (stream, fetchAPI) => respond(stream, fetchAPI, clock, expiresAt),
        'text/event-stream',
      );
    },
  };
}

/**
 * @param expiresAt when the client may see no more, in milliseconds since 1970: the stream ends then, without `complete`. That
 *   would mean that there is nothing more to come (graphql-sse, PROTOCOL.md, "Distinct connections mode"), and its clients
 *   would not come back with a new token. After an end without it they do, and so does `EventSource`
 */
function respond(stream: unknown, fetchAPI: FetchAPI, clock: Clock, expiresAt: number | null): Response {
  if (!isStream(stream)) throw new TypeError('Expected a stream of results.');
  const encoder = new fetchAPI.TextEncoder();
  const results = stream[Symbol.asyncIterator]();
  let cancelPing = () => {};
  let cancelExpiry = () => {};
  let isExpired = false;
  const body = new fetchAPI.ReadableStream<Uint8Array>({
    start(controller) {
      // Some browsers wait for a first byte before they let the client see the headers.
      controller.enqueue(encoder.encode(':\n\n'));
      ping(controller);
      if (expiresAt === null) return;
      // What waits for the next result is given its end, and closes the stream.
      cancelExpiry = clock.after(Math.max(expiresAt - clock.now(), 0), () => {
        isExpired = true;
        void results.return?.();
      });
    },
    async pull(controller) {
      const { done, value } = await results.next();
      if (!done) {
        controller.enqueue(eventOf(value));
        return;
      }
      stop();
      if (!isExpired) controller.enqueue(encoder.encode('event: complete\ndata:\n\n'));
      controller.close();
    },
    async cancel() {
      stop();
      await results.return?.();
    },
  });
  return new fetchAPI.Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      // nginx would hold events back to fill its buffer.
      'x-accel-buffering': 'no',
    },
  });

  function stop(): void {
    cancelPing();
    cancelExpiry();
  }

  function ping(controller: ReadableStreamDefaultController<Uint8Array>): void {
    cancelPing = clock.after(PING_MS, () => {
      if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'));
      ping(controller);
    });
  }
}

/** One event: JSON has no line break in it, so a single `data` line is enough. */
function eventOf(result: ExecutionResult): Uint8Array {
  const head = isPayload(result) ? `event: next\nid: ${result.cursor}\ndata: ` : 'event: next\ndata: ';
  const body = isPayload(result) ? result.body : Buffer.from(JSON.stringify(result));
  return Buffer.concat([Buffer.from(head), body, EVENT_END]);
}

const EVENT_END = Buffer.from('\n\n');

function isStream(result: unknown): result is AsyncIterable<ExecutionResult> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
}
