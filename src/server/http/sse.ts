import type { ExecutionResult } from 'graphql';
import type { FetchAPI, Plugin } from 'graphql-yoga';
import type { Clock } from '../../lib/clock.js';
import { isPayload } from '../../subscriptions/payload.js';
import type { ServerContext } from './server-context.js';

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
      setResultProcessor(
        (stream, fetchAPI) => respond(stream, fetchAPI, clock, serverContext),
        'text/event-stream',
      );
    },
  };
}

/**
 * When the client's grant expires, the stream ends without `complete`. That would mean that there is nothing more to come
 * (graphql-sse, PROTOCOL.md, "Distinct connections mode"), and its clients would not come back with a new token. After an end
 * without it they do, and so does `EventSource`.
 */
function respond(
  stream: unknown,
  fetchAPI: FetchAPI,
  clock: Clock,
  { grant: { expiresAt }, drained }: ServerContext,
): Response {
  if (!isStream(stream)) throw new TypeError('Expected a stream of results.');
  const encoder = new fetchAPI.TextEncoder();
  const results = stream[Symbol.asyncIterator]();
  let cancelPing = () => {};
  let cancelExpiry = () => {};
  let isExpired = false;
  /** The rest of the event that is being sent: chunks that are enqueued together are copied into one. */
  let chunks: Uint8Array[] = [];
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
      const chunk = chunks.shift();
      if (chunk) {
        controller.enqueue(chunk);
        return;
      }
      // Updates that come meanwhile are merged (S5), and the payload before this one counts until it has been sent.
      const pause = drained();
      if (pause) await pause;
      const { done, value } = await results.next();
      if (!done) {
        const [first, ...rest] = eventOf(value);
        chunks = rest;
        controller.enqueue(first);
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
      const isBetweenEvents = chunks.length === 0;
      if (isBetweenEvents && (controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'));
      ping(controller);
    });
  }
}

/**
 * One event: JSON has no line break in it, so a single `data` line is enough. A long body is not copied: its bytes are shared by
 * all readers.
 */
function eventOf(result: ExecutionResult): readonly [Uint8Array, ...Uint8Array[]] {
  const head = isPayload(result) ? `event: next\nid: ${result.cursor}\ndata: ` : 'event: next\ndata: ';
  const body = isPayload(result) ? result.body : Buffer.from(JSON.stringify(result));
  const start = Buffer.from(head);
  return body.length > COPY_LIMIT ? [start, body, EVENT_END] : [Buffer.concat([start, body, EVENT_END])];
}

/** Up to this length, in bytes, an event is written in one chunk. */
const COPY_LIMIT = 65_536;

const EVENT_END = Buffer.from('\n\n');

function isStream(result: unknown): result is AsyncIterable<ExecutionResult> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
}
