import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';

const PAGE = 'https://board.example';

async function start(options: GatewayOptions = {}): Promise<TestGateway> {
  const source = createMemoryProvider('a', [session('a', { x: 'running' })]);
  return startGateway({ providers: [source.provider], allowOrigins: [PAGE], ...options });
}

function open({ origin }: TestGateway) {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.on('error', () => {});
  return socket;
}

/** Sends raw bytes. Resolves with the head of the first response. */
async function readResponseHead(gateway: TestGateway, bytes: string): Promise<string> {
  const socket = open(gateway);
  socket.write(bytes);
  let text = '';
  while (!text.includes('\r\n\r\n')) {
    const [chunk]: Buffer[] = await once(socket, 'data');
    text += chunk;
  }
  socket.destroy();
  return text.slice(0, text.indexOf('\r\n\r\n'));
}

const POST = { method: 'POST', 'content-type': 'application/json' };

/** Formats a request of the page. */
function request(fields: Readonly<Record<string, string>>, body = '', page = PAGE): string {
  const { method = 'GET', path = '/graphql?query={__typename}', ...rest } = fields;
  const headers = { host: 'localhost', origin: page, ...rest };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

const answers: [status: number, what: string, bytes: (page: string) => string, options?: GatewayOptions][] = [
  [200, 'a query', (page) => request({}, '', page)],
  [200, 'a health check', (page) => request({ path: '/healthz' }, '', page)],
  [404, 'an unknown path', (page) => request({ path: '/none' }, '', page)],
  [400, 'several Host headers', (page) => request({ Host: 'localhost' }, '', page)],
  [400, 'a body that is not JSON', (page) => request({ ...POST, 'content-length': '1' }, '{', page)],
  [
    400,
    'a chunk without a valid length',
    (page) => request({ ...POST, 'transfer-encoding': 'chunked' }, 'z\r\n', page),
  ],
  [400, 'an invalid header', (page) => request({}, '', page).replace('\r\n\r\n', '\r\n(: x\r\n\r\n')],
  [401, 'a missing token', (page) => request({}, '', page), { token: 'secret' }],
  [403, 'a host that is not allowed', (page) => request({ host: 'other.example' }, '', page)],
  [405, 'an unsupported method', (page) => request({ method: 'PUT' }, '', page)],
  [
    408,
    'an incomplete body',
    (page) => request({ ...POST, 'content-length': '9' }, '{', page),
    { limits: { requestMs: 100 } },
  ],
  [413, 'a body above the limit', (page) => request({ ...POST, 'content-length': '1000001' }, '', page)],
  [
    413,
    'a chunked body above the limit',
    (page) => request({ ...POST, 'transfer-encoding': 'chunked' }, `f\r\n${'x'.repeat(15)}\r\n`, page),
    { limits: { bodyBytes: 10 } },
  ],
  [
    413,
    'chunks with long extensions',
    (page) => request({ ...POST, 'transfer-encoding': 'chunked' }, `1;${'x'.repeat(20_000)}`, page),
  ],
  [
    415,
    'a body of an unsupported media type',
    (page) => request({ ...POST, 'content-type': 'text/plain', 'content-length': '1' }, '{', page),
  ],
  [431, 'headers above the limit', (page) => request({ cookie: 'x'.repeat(20_000) }, '', page)],
];

describe('a page of an allowed origin', () => {
  it.each(answers)(
    'a page of an allowed origin can read status %i of %s',
    async (status, _, bytes, options) => {
      await using gateway = await start(options);
      const head = await readResponseHead(gateway, bytes(PAGE));
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(head).toMatch(new RegExp(`^access-control-allow-origin: ${PAGE}\r$`, 'im'));
      expect(head).toMatch(/^vary: (.*, )?origin(,.*)?\r?$/im);
    },
  );

  it.each([
    [429, { socketsPerAddress: 1 }],
    [503, { sockets: 1 }],
  ])(
    'a page of an allowed origin can read status %i and Retry-After above a connection limit',
    async (status, limits) => {
      await using gateway = await start({ limits });
      const first = open(gateway);
      await once(first, 'connect');
      const head = await readResponseHead(gateway, request({}));
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(head).toContain(`access-control-allow-origin: ${PAGE}`);
      expect(head).toMatch(/^access-control-expose-headers: .*retry-after/m);
      expect(head).toContain('retry-after: 5');
      expect(head).toMatch(/^vary: origin\r?$/m);
      first.destroy();
    },
  );

  it('a preflight above a connection limit succeeds, because otherwise the page could not read the rejection', async () => {
    await using gateway = await start({ limits: { socketsPerAddress: 1 } });
    const first = open(gateway);
    await once(first, 'connect');
    const head = await readResponseHead(
      gateway,
      request({ method: 'OPTIONS', 'access-control-request-method': 'POST' }),
    );
    expect(head).toMatch(/^HTTP\/1.1 204 /);
    expect(head).toContain(`access-control-allow-origin: ${PAGE}`);
    expect(head).toMatch(/^connection: close$/im);
    first.destroy();
  });
});

describe('a page of another origin', () => {
  it.each(answers)('a page of another origin cannot read status %i of %s', async (_, __, bytes, options) => {
    await using gateway = await start(options);
    expect(await readResponseHead(gateway, bytes('https://evil.example'))).not.toMatch(/access-control-/i);
  });
});
