import fc from 'fast-check';
import { hostileSubscriptions } from '../arbitraries/documents.js';
import { requestsWith } from '../arbitraries/requests.js';
import { anyCuts, awkwardTexts, hostileBytes } from '../arbitraries/texts.js';
import { openConnection } from '../gateway/connection.js';
import { parseEvents } from '../gateway/events.js';
import { feed } from '../gateway/feed.js';
import { assertAcceptable, isStream } from '../gateway/http-client.js';
import { readResponse } from '../gateway/http-responses.js';
import { defineSurface } from '../harness/surface.js';
import { Violation } from '../harness/violation.js';

/** A request for server-sent events. */
interface StreamRequest {
  readonly method: 'GET' | 'POST';
  readonly accept: string;
  readonly lastEventId: string;
  readonly body: Buffer;
  readonly cuts: readonly number[];
  /** Whether the client disconnects right after the request. */
  readonly disconnects: boolean;
}

const requests: fc.Arbitrary<StreamRequest> = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  accept: fc.constantFrom(
    ...['text/event-stream', 'text/event-stream', 'text/event-stream, */*;q=0', 'TEXT/EVENT-STREAM'],
    ...[
      'text/event-stream;charset=utf-8',
      'text/*',
      'application/json, text/event-stream',
      'multipart/mixed',
    ],
  ),
  lastEventId: fc.oneof(fc.constantFrom('', 'a-1', '-', 'x'.repeat(5_000)), awkwardTexts),
  body: hostileBytes(
    requestsWith(hostileSubscriptions).map((request) => Buffer.from(JSON.stringify(request) ?? '')),
  ),
  cuts: anyCuts,
  disconnects: fc.oneof(
    { weight: 4, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

/** Requests for server-sent events on connections that are closed after the first event or earlier. */
export const sse = defineSurface({
  name: 'sse',
  share: 50,
  arbitrary: fc.record({
    all: fc.oneof(
      { weight: 9, arbitrary: fc.array(requests, { minLength: 1, maxLength: 4 }) },
      { weight: 1, arbitrary: fc.tuple(requests, fc.integer({ min: 2, max: 20 })).map(repeated) },
    ),
    isOneConnection: fc.oneof(
      { weight: 4, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
  }),
  count: ({ all }) => all.length,
  check: ({ all, isOneConnection }, gateways) =>
    feed(gateways, async ({ port }) => {
      if (isOneConnection) await follow(port, all);
      else for (const one of all) await follow(port, [one]);
    }),
});

function repeated([request, times]: readonly [StreamRequest, number]): StreamRequest[] {
  return Array.from({ length: times }, () => request);
}

/** Sends requests and waits for the first answer. Requests behind a stream are never answered. */
async function follow(port: number, all: readonly StreamRequest[]): Promise<void> {
  const connection = await openConnection(port);
  try {
    for (const request of all) await connection.send(bytesOf(request), request.cuts);
    if (all.some(({ disconnects }) => disconnects)) return;
    const how = await connection.until((received) => isAnswered(received, false));
    if (how === 'quiet') throw new Violation('a request for events was neither answered nor disconnected');
    if (how === 'closed' && !isAnswered(connection.received, true))
      throw new Violation('a request for events was not answered', connection.received.toString('latin1'));
  } finally {
    connection.destroy();
  }
}

/** Whether a whole answer or the first event of a stream has arrived. Both are checked. */
function isAnswered(received: Buffer, isClosed: boolean): boolean {
  if (received.length === 0) return false;
  if (isStream(received)) return parseEvents(received);
  const response = readResponse(received, { mayBeHead: false, isClosed });
  if (response) assertAcceptable(response);
  return response !== null;
}

function bytesOf({ method, accept, lastEventId, body }: StreamRequest): Buffer {
  const isGet = method === 'GET';
  const lines = [
    `${method} /graphql${isGet ? `?${toQueryString(body)}` : ''} HTTP/1.1`,
    'Host: localhost',
    `Accept: ${accept}`,
    // Control characters in header values are covered by another surface.
    `Last-Event-ID: ${lastEventId.replace(/[^\x20-\x7e\xa0-\xff]/g, '')}`,
    ...(isGet ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
    '\r\n',
  ];
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), isGet ? Buffer.alloc(0) : body]);
}

/** Encodes the members of a request as parameters. A body without valid JSON becomes the query. */
function toQueryString(body: Buffer): string {
  const text = body.toString();
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(parseMembers(text))) {
    parameters.append(key, typeof value === 'string' ? value : JSON.stringify(value));
  }
  // A longer request line is rejected as a whole.
  return parameters.toString().slice(0, 12_000);
}

function parseMembers(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : { query: text };
  } catch {
    return { query: text };
  }
}
