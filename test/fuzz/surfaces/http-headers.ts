import fc from 'fast-check';
import { type Header, hostileHeaders, hostileMethods, hostileTargets } from '../arbitraries/http.js';
import { anyCuts, counts, hostileBytes } from '../arbitraries/texts.js';
import { feed } from '../gateway/feed.js';
import type { Sent } from '../gateway/http-client.js';
import { createRawHttpClient } from '../gateway/raw-http.js';
import { defineSurface } from '../harness/surface.js';

/** A request in which every part may be invalid. */
interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly headers: readonly Header[];
  readonly lineEnd: string;
  readonly body: string;
}

const floods: fc.Arbitrary<Header[]> = fc
  .tuple(hostileHeaders, counts(5_000))
  .map(([header, count]) => Array.from({ length: count }, () => header));

const bodies = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '{"query":"{__typename}"}',
      '5\r\nhello\r\n0\r\n\r\n',
      '18\r\n{"query":"{__typename}"}\r\n0\r\nTrailer: a\r\n\r\n',
      'ffffffffffffffff\r\n',
      '-1\r\n\r\n',
      '5;ext="\r\n"\r\nhello\r\n0\r\n\r\n',
      '0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /graphql?query={__typename} HTTP/1.1\r\nHost: evil.example\r\n\r\n',
      '\r\n\r\n\r\n',
      '\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58',
    ),
  },
);

const requests: fc.Arbitrary<RawRequest> = fc.record({
  method: hostileMethods,
  target: hostileTargets,
  version: fc.oneof(
    { weight: 12, arbitrary: fc.constant('HTTP/1.1') },
    {
      weight: 2,
      arbitrary: fc.constantFrom('HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.10', 'http/1.1', ''),
    },
  ),
  headers: fc.oneof(
    { weight: 8, arbitrary: fc.array(hostileHeaders, { maxLength: 6 }) },
    { weight: 4, arbitrary: fc.array(hostileHeaders, { maxLength: 6 }).map(withHost) },
    { weight: 1, arbitrary: floods },
  ),
  lineEnd: fc.oneof(
    { weight: 12, arbitrary: fc.constant('\r\n') },
    { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\r\n', '\n\r', '\r\n ') },
  ),
  body: bodies,
});

const sent: fc.Arbitrary<Sent> = fc.record({ bytes: hostileBytes(requests.map(bytesOf)), cuts: anyCuts });

/** Request lines, headers and bodies: floods, request smuggling, upgrades, every form of target. */
export const httpHeaders = defineSurface({
  name: 'http-headers',
  share: 80,
  arbitrary: fc.array(sent, { minLength: 1, maxLength: 8 }),
  count: (all) => all.length,
  check: (all, gateways) =>
    feed(gateways, async ({ port }) => {
      const client = createRawHttpClient(port);
      try {
        for (const one of all) await client.feed(one);
      } finally {
        client.end();
      }
    }),
});

function withHost(headers: readonly Header[]): Header[] {
  return [['Host', 'localhost'], ...headers.filter(([name]) => name !== 'Host')];
}

function bytesOf({ method, target, version, headers, lineEnd, body }: RawRequest): Buffer {
  const lines = [
    `${method} ${target} ${version}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ];
  return Buffer.from(lines.join(lineEnd), 'latin1');
}
