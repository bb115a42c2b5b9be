import fc from 'fast-check';
import { hostileDocuments } from '../arbitraries/documents.js';
import { almostJson, hostileValues } from '../arbitraries/json.js';
import { anyCuts, hostileTexts } from '../arbitraries/texts.js';
import { feed } from '../gateway/feed.js';
import { exchange, type Sent } from '../gateway/http-client.js';
import { defineSurface } from '../harness/surface.js';

/** A parameter and its encoding. */
interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly encoding: 'percent' | 'plus' | 'overlong' | 'latin1' | 'almost none';
}

const encodings = fc.constantFrom<Parameter['encoding']>(
  ...(['percent', 'percent', 'percent', 'plus', 'overlong', 'latin1', 'almost none'] as const),
);

const parameters: fc.Arbitrary<Parameter> = fc.oneof(
  { weight: 6, arbitrary: parameter(fc.constant('query'), hostileDocuments) },
  { weight: 3, arbitrary: parameter(fc.constant('variables'), almostJson(hostileValues)) },
  { weight: 1, arbitrary: parameter(fc.constant('extensions'), almostJson(hostileValues)) },
  { weight: 2, arbitrary: parameter(fc.constant('operationName'), hostileTexts) },
  { weight: 1, arbitrary: parameter(hostileTexts, hostileTexts) },
);

function parameter(name: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<Parameter> {
  return fc.record({ name, value, encoding: encodings });
}

/** A GET request with correct framing. */
interface QueryRequest {
  readonly parameters: readonly Parameter[];
  readonly accept: string;
  readonly ifNoneMatch: string;
  readonly cuts: readonly number[];
}

const requests: fc.Arbitrary<QueryRequest> = fc.record({
  parameters: fc.array(parameters, { maxLength: 4 }),
  accept: fc.oneof(
    {
      weight: 99,
      arbitrary: fc.constantFrom('application/json', 'application/graphql-response+json', '*/*', ''),
    },
    { weight: 1, arbitrary: fc.constant('text/html') },
  ),
  ifNoneMatch: fc.constantFrom('', '*', '"a"', 'W/"a", ,"'),
  cuts: anyCuts,
});

/** Query strings with repeated parameters, broken encodings and broken JSON. */
export const queryString = defineSurface({
  name: 'query-string',
  share: 60,
  arbitrary: fc.array(requests, { minLength: 1, maxLength: 12 }),
  count: (all) => all.length,
  check: (all, gateways) =>
    feed(gateways, async ({ port }) => {
      await exchange(port, all.map(encodeRequest));
    }),
});

function encodeRequest({ parameters: all, accept, ifNoneMatch, cuts }: QueryRequest): Sent {
  const query = all.map(
    ({ name, value, encoding }) => `${name === '' ? '' : encode(name, encoding)}=${encode(value, encoding)}`,
  );
  const lines = [
    `GET /graphql?${query.join('&')} HTTP/1.1`,
    'Host: localhost',
    `Accept: ${accept}`,
    'Accept-Encoding: gzip',
    ...(ifNoneMatch === '' ? [] : [`If-None-Match: ${ifNoneMatch}`]),
    '\r\n',
  ];
  return { bytes: Buffer.from(lines.join('\r\n'), 'latin1'), cuts };
}

function encode(text: string, encoding: Parameter['encoding']): string {
  switch (encoding) {
    case 'percent':
      return encodeURIComponent(Buffer.from(text).toString());
    case 'plus':
      return new URLSearchParams({ a: text }).toString().slice(2);
    case 'overlong':
      return bytesOf(text, 'utf8')
        .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
        .join('')
        .replaceAll('%2f', '%c0%af');
    case 'latin1':
      return bytesOf(text, 'latin1')
        .map((byte) => `%${byte.toString(16)}`)
        .join('');
    case 'almost none':
      // Characters that would end the request line are removed, to keep the framing correct.
      return text.replace(/[^\x21-\x7e]/g, '');
  }
}

function bytesOf(text: string, encoding: 'utf8' | 'latin1'): number[] {
  return [...Buffer.from(text, encoding)];
}
