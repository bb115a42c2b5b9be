import fc from 'fast-check';
import { hostileSubscriptions } from '../arbitraries/documents.js';
import { requestsOf } from '../arbitraries/requests.js';
import { anyCuts, awkwardTexts, hostileBytes } from '../arbitraries/texts.js';
import { openConnection } from '../gateway/connection.js';
import { mustReadEvents } from '../gateway/events.js';
import { feed } from '../gateway/feed.js';
import { isStream, mustBeDecent } from '../gateway/http-client.js';
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
  /** Whether the client leaves as soon as it has asked. */
  readonly leaves: boolean;
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
    requestsOf(hostileSubscriptions).map((request) => Buffer.from(JSON.stringify(request) ?? '')),
  ),
  cuts: anyCuts,
  leaves: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

/** Requests for server-sent events, on connections that are cut after the first event, or before. */
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

/** Sends requests, and waits for the first answer: behind a stream the others never have their turn. */
async function follow(port: number, all: readonly StreamRequest[]): Promise<void> {
  const connection = await openConnection(port);
  try {
    for (const request of all) await connection.send(bytesOf(request), request.cuts);
    if (all.some(({ leaves }) => leaves)) return;
    const how = await connection.until((received) => isAnswered(received, false));
    if (how === 'quiet') throw new Violation('a request for events is neither answered nor cut');
    if (how === 'closed' && !isAnswered(connection.received, true))
      throw new Violation('a request for events has no answer', connection.received.toString('latin1'));
  } finally {
    connection.destroy();
  }
}

/** Whether there is a whole answer, or the first event of a stream; each is looked at. */
function isAnswered(received: Buffer, isClosed: boolean): boolean {
  if (received.length === 0) return false;
  if (isStream(received)) return mustReadEvents(received);
  const response = readResponse(received, { mayBeHead: false, isClosed });
  if (response) mustBeDecent(response);
  return response !== null;
}

function bytesOf({ method, accept, lastEventId, body }: StreamRequest): Buffer {
  const isGet = method === 'GET';
  const lines = [
    `${method} /graphql${isGet ? `?${queryOf(body)}` : ''} HTTP/1.1`,
    'Host: localhost',
    `Accept: ${accept}`,
    // A header's value has no control characters in it; that is the business of another surface.
    `Last-Event-ID: ${lastEventId.replace(/[^\x20-\x7e\xa0-\xff]/g, '')}`,
    ...(isGet ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
    '\r\n',
  ];
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), isGet ? Buffer.alloc(0) : body]);
}

/** The members of a request as parameters; what is no JSON is the query. */
function queryOf(body: Buffer): string {
  const text = body.toString();
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(membersOf(text))) {
    parameters.append(key, typeof value === 'string' ? value : JSON.stringify(value));
  }
  // A longer line is refused as a whole.
  return parameters.toString().slice(0, 12_000);
}

function membersOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : { query: text };
  } catch {
    return { query: text };
  }
}
