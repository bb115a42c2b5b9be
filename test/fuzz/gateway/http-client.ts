import { decompress } from '../../support/raw-answer.js';
import { assertNoLeak, assertOneLine } from '../harness/invariants.js';
import { Violation } from '../harness/violation.js';
import { type Connection, openConnection } from './connection.js';
import { type HttpResponse, readResponse } from './http-responses.js';
import { assertGraphqlResult } from './websocket-client.js';

/** Bytes to send, and the offsets at which they are split. */
export interface Sent {
  readonly bytes: Buffer;
  readonly cuts: readonly number[];
}

/**
 * Sends correctly framed requests without waiting for answers (pipelining). Returns the answers. Each request
 * must be answered unless the server announced that it closes the connection.
 */
export async function exchange(port: number, requests: readonly Sent[]): Promise<HttpResponse[]> {
  const connection = await openConnection(port);
  try {
    for (const { bytes, cuts } of requests) await connection.send(bytes, cuts);
    const responses = await readResponses(connection, requests.length);
    const isOver = responses.at(-1)?.headers.get('connection')?.toLowerCase() === 'close';
    const mayEnd = isOver || requests.some(isTooBig) || isStream(connection.received);
    if (responses.length < requests.length && !mayEnd)
      throw new Violation('a request was not answered', `${responses.length} of ${requests.length} were`);
    return responses;
  } finally {
    connection.destroy();
  }
}

/**
 * Whether the server stops reading the request before its end. That resets the connection, and the answer may
 * be lost.
 */
function isTooBig({ bytes }: Sent): boolean {
  return bytes.indexOf('\r\n\r\n') > 15_000 || bytes.length > 1_000_000;
}

async function readResponses(connection: Connection, count: number): Promise<HttpResponse[]> {
  const responses: HttpResponse[] = [];
  const how = await connection.until(() => {
    for (let next = take(false); next; next = take(false)) responses.push(next);
    return responses.length >= count || isStream(connection.received);
  });
  if (how === 'quiet') throw new Violation('a request was neither answered nor disconnected');
  const last = how === 'closed' && responses.length < count ? take(true) : null;
  if (last) responses.push(last);
  for (const response of responses) assertAcceptable(response);
  return responses;

  function take(isClosed: boolean): HttpResponse | null {
    if (connection.received.length === 0) return null;
    const response = readResponse(connection.received, { mayBeHead: false, isClosed });
    if (response) connection.take(response.length);
    return response;
  }
}

/** Whether an endless answer has started. */
export function isStream(received: Buffer): boolean {
  const [head = ''] = received.toString('latin1', 0, 2_000).split('\r\n\r\n');
  return /^content-type: (text\/event-stream|multipart\/mixed)/im.test(head);
}

/** Statuses that are valid for a client's mistake. Server errors are not among them. */
const STATUSES: ReadonlySet<number> = new Set([
  100, 200, 204, 302, 303, 304, 400, 401, 403, 404, 405, 406, 408, 411, 413, 414, 415, 417, 421, 422, 426,
  429, 431,
]);

/** Asserts that a response is acceptable. */
export function assertAcceptable({ status, headers, body }: HttpResponse): void {
  if (!STATUSES.has(status)) throw new Violation(`a response with status ${status}`, body.toString());
  const type = headers.get('content-type') ?? '';
  // GraphiQL has megabytes.
  if (/html|event-stream/.test(type)) return;
  const text = decode(body, headers.get('content-encoding')).toString();
  if (/json/.test(type) && text !== '') assertGraphqlResult(parse(text));
  else if (status >= 400 && /^text\/plain/.test(type) && text !== '')
    assertOneLine(text.replace(/\n$/, ''), 'a response');
  else assertNoLeak(text, 'a response');
}

function decode(body: Buffer, coding: string | undefined): Buffer {
  if (body.length === 0) return body;
  try {
    return decompress(body, coding);
  } catch {
    throw new Violation(
      `a response with the content coding ${coding} cannot be decoded`,
      body.toString('latin1'),
    );
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Violation('a response with a JSON content type has no valid JSON', text);
  }
}
