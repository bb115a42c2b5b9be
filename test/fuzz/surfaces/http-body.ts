import fc from 'fast-check';
import { requestTexts } from '../arbitraries/requests.js';
import { anyCuts, hostileBytes } from '../arbitraries/texts.js';
import { feed } from '../gateway/feed.js';
import { exchange, type Sent } from '../gateway/http-client.js';
import { defineSurface } from '../harness/surface.js';

/** A POST request with correct framing and any body. */
interface BodyRequest {
  readonly contentType: string;
  readonly accept: string;
  readonly body: Buffer;
  /** Chunk sizes of a body without content-length; null for a body with content-length. */
  readonly chunks: readonly number[] | null;
  readonly cuts: readonly number[];
}

const contentTypes = fc.oneof(
  { weight: 12, arbitrary: fc.constant('application/json') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-8',
      'application/json;charset="utf-16"',
      'application/graphql+json',
      'application/graphql',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'multipart/form-data',
      'text/plain',
      'application/cbor',
      'application/json, text/html',
      ';',
      '',
    ),
  },
);

const accepts = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('application/json', 'application/graphql-response+json', '*/*') },
  { weight: 1, arbitrary: fc.constantFrom('', 'image/png', 'application/json;q=0', '*') },
);

const bodyRequests: fc.Arbitrary<BodyRequest> = fc.record({
  contentType: contentTypes,
  accept: accepts,
  body: hostileBytes(requestTexts.map((text) => Buffer.from(text))),
  chunks: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.array(fc.integer({ min: 1, max: 2_000 }), { maxLength: 5 }) },
  ),
  cuts: anyCuts,
});

/** Bodies with modified GraphQL and JSON, in any encoding, several on one connection. */
export const httpBody = defineSurface({
  name: 'http-body',
  share: 80,
  arbitrary: fc.array(bodyRequests, { minLength: 1, maxLength: 12 }),
  count: (requests) => requests.length,
  check: (requests, gateways) =>
    feed(gateways, async ({ port }) => {
      await exchange(port, requests.map(encodeRequest));
    }),
});

function encodeRequest({ contentType, accept, body, chunks, cuts }: BodyRequest): Sent {
  const lines = [
    'POST /graphql HTTP/1.1',
    'Host: localhost',
    `Content-Type: ${contentType}`,
    `Accept: ${accept}`,
    chunks ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`,
    '\r\n',
  ];
  return {
    bytes: Buffer.concat([Buffer.from(lines.join('\r\n')), chunks ? chunked(body, chunks) : body]),
    cuts,
  };
}

function chunked(body: Buffer, sizes: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const size of [...sizes, body.length]) {
    const piece = body.subarray(at, at + size);
    if (piece.length > 0) parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF);
    at += size;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

const CRLF = Buffer.from('\r\n');
