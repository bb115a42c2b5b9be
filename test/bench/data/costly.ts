import { pongFrame, textFrame } from '../clients/frames.js';
import {
  ALIASES,
  changingSession,
  EVERYTHING,
  FILTERED,
  INTROSPECTION,
  newDocument,
} from './costly-documents.js';

/** A request that is expensive within the default limits. */
export interface CostlyRequest {
  readonly name: string;
  /** Protocol. With `webSocket`, `bytes` are frames sent after `connection_ack`. */
  readonly over: 'http' | 'webSocket';
  /**
   * Bytes that a client sends over its own connection. The request is answered when the server closes the
   * HTTP connection, or completes the WebSocket operation {@link LAST_ID}.
   *
   * @param n a different number for each request, so that documents with it are new to the gateway
   */
  bytes(n: number): Buffer;
}

/** Id of the last operation on a WebSocket. */
export const LAST_ID = 'last';

const NAMES = Array.from({ length: 1_000 }, (_, n) => `resource-${n}-${'x'.repeat(50)}`);
const GLOB = '*e*s*?'.repeat(4_096 / 6);

/**
 * An operation of 970 kB with 9,900 values. No other JSON of this size within the limit of values was found
 * that takes longer to parse.
 */
const LONG = `{"query":"{ __typename }","variables":{"x":[${longObjects()}]}}`;

/** All kinds, each the most expensive request found of its kind. */
export const COSTLY: readonly CostlyRequest[] = [
  query('everything', EVERYTHING),
  query('aliases', ALIASES),
  query('names', FILTERED, { resource: NAMES }),
  query('globs', FILTERED, { name: GLOB }),
  query('introspection', INTROSPECTION),
  http('new-documents', (n) => post(JSON.stringify({ query: newDocument(n) }))),
  http('long-bodies', () => post(LONG)),
  http('long-forms', () => post('a&'.repeat(490_000), 'application/x-www-form-urlencoded')),
  http(
    'chunked-bodies',
    memoized(() => postInChunks(LONG, 65_536)),
  ),
  http(
    'tiny-chunks',
    memoized(() => postInChunks(LONG, 1)),
  ),
  http(
    'pipelined',
    memoized(() => Buffer.from('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(50_000))),
  ),
  webSocket(
    'ws-long-messages',
    memoized(() => repeat(4, (id) => subscribe(id, LONG))),
  ),
  webSocket(
    'ws-pings',
    memoized(() => repeat(60_000, () => textFrame('{"type":"ping"}'))),
  ),
  webSocket(
    'ws-pongs',
    memoized(() => repeat(300_000, () => pongFrame(Buffer.alloc(0)))),
  ),
  webSocket('ws-new-documents', (n) => repeat(8, (id) => subscribe(id, newDocument(8 * n + id)))),
  {
    name: 'ws-subscriptions',
    over: 'webSocket',
    bytes: (n) => repeat(100, (id) => subscribe(id, changingSession(100 * n + id))),
  },
];

/** Objects with a different key each. */
function longObjects(): string {
  return Array.from({ length: 4_950 }, (_, n) => `{"${String(n).padEnd(188, 'x')}":1}`).join();
}

function query(name: string, fields: string, where?: object): CostlyRequest {
  const head = where ? 'query ($where: TargetFilter) ' : '';
  return http(name, (n) =>
    post(JSON.stringify({ query: `${head}{ ${fields} } # ${n}`, ...(where && { variables: { where } }) })),
  );
}

function http(name: string, bytes: (n: number) => Buffer): CostlyRequest {
  return { name, over: 'http', bytes };
}

/** Frames of a kind, followed by the last operation. */
function webSocket(name: string, bytes: (n: number) => Buffer): CostlyRequest {
  const last = subscribe(LAST_ID, '{ __typename }');
  return { name, over: 'webSocket', bytes: (n) => Buffer.concat([bytes(n), last]) };
}

/** @param operation a document, or the JSON of a document with its variables */
function subscribe(id: number | string, operation: string): Buffer {
  const payload = operation.startsWith('{"') ? operation : JSON.stringify({ query: operation });
  return textFrame(`{"id":"${id}","type":"subscribe","payload":${payload}}`);
}

function post(body: string, type = 'application/json'): Buffer {
  return Buffer.from(`${requestHead(type)}content-length: ${body.length}\r\n\r\n${body}`);
}

function postInChunks(body: string, size: number): Buffer {
  const chunks = Array.from({ length: Math.ceil(body.length / size) }, (_, n) => {
    const chunk = body.slice(n * size, (n + 1) * size);
    return `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  });
  return Buffer.from(
    `${requestHead('application/json')}transfer-encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`,
  );
}

function requestHead(type: string): string {
  return `POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: ${type}\r\n`;
}

function repeat(count: number, item: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => item(index)));
}

/** Returns a function that creates the value on its first call and then reuses it. */
function memoized(make: () => Buffer): () => Buffer {
  let made: Buffer | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
