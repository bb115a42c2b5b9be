import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../src/graphql/documents.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { startGateway, startMemoryGateway, type TestGateway } from '../support/gateway.js';
import { sendRaw } from '../support/raw-request.js';
import { session } from '../support/sessions.js';

const POST = (body: string) => ({ method: 'POST', body, headers: { 'content-type': 'application/json' } });

describe('GraphQL over HTTP', () => {
  let audited: TestGateway;
  beforeAll(async () => {
    audited = await startMemoryGateway([session('a')]);
  });
  afterAll(() => audited[Symbol.asyncDispose]());
  const audits = serverAudits({ url: () => audited.url, fetchFn: fetch });

  it('graphql-http defines at least 60 audits', () => {
    expect(audits.length).toBeGreaterThanOrEqual(60);
  });

  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    'GraphQL over HTTP passes audit %s: %s',
    async (_, __, audit) => {
      expect(await audit.fn()).toMatchObject({ status: 'ok' });
    },
  );

  it('GET and POST are answered in the requested media type', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const get = await fetch(`${gateway.url}?query=${encodeURIComponent('{ session { id } }')}`, {
      headers: { accept: 'application/graphql-response+json' },
    });
    expect(get.headers.get('content-type')).toMatch('application/graphql-response+json');
    expect(await get.json()).toEqual({ data: { session: { id: 'a/Tiltfile' } } });
    expect(await gateway.query('{ session { id } }')).toEqual({ data: { session: { id: 'a/Tiltfile' } } });
  });

  it.each([
    ['application/json;q=0.1, application/graphql-response+json', 200, 'application/graphql-response+json'],
    ['application/json;q=0, application/graphql-response+json', 200, 'application/graphql-response+json'],
    ['*/*;q=0.1, application/graphql-response+json', 200, 'application/graphql-response+json'],
    ['application/json;q=0, */*', 200, 'application/graphql-response+json'],
    ['application/graphql-response+json, application/json;q=0.9', 200, 'application/graphql-response+json'],
    ['application/graphql-response+json;q=0.5, application/json', 200, 'application/json'],
    ['application/json, text/html;q=0.1', 200, 'application/json'],
    ['application/json, text/event-stream;q=0', 200, 'application/json'],
    ['text/html;q=0, application/json', 200, 'application/json'],
    ['*/*;q=0', 406, null],
  ])(
    'a query with the header Accept: %s is answered with %i and the media type %s',
    async (accept, status, type) => {
      await using gateway = await startMemoryGateway([session('a')]);
      for (let again = 0; again < 2; again += 1) {
        const response = await fetch(`${gateway.url}?query={__typename}`, { headers: { accept } });
        expect(response.status).toBe(status);
        expect(response.headers.get('content-type')).toBe(type && `${type}; charset=utf-8`);
      }
    },
  );

  it.each([
    ['text/event-stream;q=0, application/json', 406],
    ['text/event-stream;q=0, */*', 406],
    ['text/event-stream;q=0.1, application/json', 200],
    ['application/json;q=0.1, */*;q=0.2', 200],
  ])('a subscription with the header Accept: %s is answered with %i', async (accept, status) => {
    await using gateway = await startMemoryGateway([session('a')]);
    const query = encodeURIComponent('subscription { sessionChanges { cursor } }');
    const response = await fetch(`${gateway.url}?query=${query}`, { headers: { accept } });
    expect(response.status).toBe(status);
    await response.body?.cancel();
  });

  it('an invalid query is answered with standard errors', async () => {
    await using gateway = await startMemoryGateway();
    expect(await gateway.query('{ sesion { id } }')).toMatchObject({
      errors: [
        { message: 'Cannot query field "sesion" on type "Query". Did you mean "session" or "sessions"?' },
      ],
    });
    expect(await gateway.query('{')).toMatchObject({
      errors: [{ message: expect.stringContaining('Syntax Error') }],
    });
    expect(await gateway.query('query ($x: Int!) { __typename }', { x: 'no' })).toMatchObject({
      errors: [{ message: expect.stringContaining('Variable "$x"') }],
    });
  });

  it.each<[string, object, string]>([
    [
      'a document above the complexity limit',
      { query: '{ sessions { nodes { id kind } } }' },
      'QUERY_TOO_COMPLEX',
    ],
    [
      'a document that selects the same field repeatedly',
      { query: `{ session { ${'id '.repeat(2_000)} } }` },
      'QUERY_TOO_COMPLEX',
    ],
    [
      'a variable above the length limit',
      { query: 'query ($n: ID) { session(id: $n) { id } }', variables: { n: 'x'.repeat(5_000) } },
      'STRING_TOO_LONG',
    ],
    [
      'an unknown hash',
      { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } },
      'PERSISTED_QUERY_NOT_SUPPORTED',
    ],
  ])(
    '%s is rejected with 400 as application/graphql-response+json and with 200 as application/json',
    async (_, body, code) => {
      const { provider } = createMemoryProvider('memory', [session('a')]);
      await using gateway = await startGateway({ providers: [provider], limits: { complexity: 3 } });
      await gateway.gateway.ready();
      const ask = async (accept: string) => {
        const headers = { 'content-type': 'application/json', accept };
        const response = await fetch(gateway.url, { method: 'POST', headers, body: JSON.stringify(body) });
        return [response.status, await response.json()];
      };
      const answer = { errors: [expect.objectContaining({ extensions: { code } })] };
      expect(await ask('application/graphql-response+json')).toEqual([400, answer]);
      expect(await ask('application/json')).toEqual([200, answer]);
    },
  );

  const malformed: [string, string, RequestInit, boolean?][] = [
    ['without a query', '', POST('{}')],
    ['with null as its query', '', POST('{"query":null}')],
    ['with a number as its query', '', POST('{"query":5}')],
    ['with a documentId but no manifest', '', POST('{"documentId":"x"}')],
    ['with an unknown parameter alone', '', POST('{"qeury":"{__typename}"}')],
    ['without a query in its URL', '', {}],
    ['with an empty query in its URL', '?query=', {}],
    ['with a form without a query', '', { method: 'POST', body: new URLSearchParams({ variables: '{}' }) }],
    ['without a documentId, for a gateway with a manifest', '', POST('{}'), true],
    ['with a number as its query, for a gateway with a manifest', '', POST('{"query":5}'), true],
  ];

  it.each(malformed)(
    'a request %s is answered with 400 in both media types of GraphQL',
    async (_, search, { headers, ...init }, hasManifest = false) => {
      const documents = hasManifest ? readManifest('{"one":"{ __typename }"}') : null;
      await using gateway = await startGateway({ ...(documents && { documents }) });
      for (const accept of ['*/*', 'application/json', 'application/graphql-response+json']) {
        const response = await fetch(gateway.url + search, { ...init, headers: { ...headers, accept } });
        expect([response.status, await response.json()]).toEqual([
          400,
          { errors: [expect.objectContaining({ extensions: { code: 'BAD_REQUEST' } })] },
        ]);
      }
    },
  );

  it.each<[string, Record<string, string>, string]>([
    ['of text', { 'content-type': 'text/plain' }, '"text/plain"'],
    [
      'of a multipart form',
      { 'content-type': 'multipart/form-data; boundary=x' },
      '"multipart/form-data; boundary=x"',
    ],
    ['of an empty type', { 'content-type': '' }, 'none'],
    ['without a type', {}, 'none'],
    ['of a quoted type', { 'content-type': 'a/"\\b"' }, '"a/\\"\\\\b\\""'],
    ['of a long type', { 'content-type': `a/${'b'.repeat(9_000)}` }, `"a/${'b'.repeat(97)}…"`],
  ])(
    'a body %s is answered with 415 and the media types that are read, and counted',
    async (_, headers, found) => {
      await using gateway = await startMemoryGateway();
      const accepts = ['*/*', 'application/json', 'application/graphql-response+json'];
      for (const accept of accepts) {
        const body = new TextEncoder().encode('{"query":"{__typename}"}');
        const response = await fetch(gateway.url, { method: 'POST', body, headers: { ...headers, accept } });
        const message = `Expected the header Content-Type: application/json, application/graphql or application/x-www-form-urlencoded, got ${found}.`;
        expect([response.status, await response.json()]).toEqual([
          415,
          { errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] },
        ]);
      }
      const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
      expect(metrics).toContain(`rejections_total{reason="bad_request"} ${accepts.length}\n`);
    },
  );

  it('the media type of a body may be written in upper case', async () => {
    await using gateway = await startMemoryGateway();
    const headers = { 'content-type': 'Application/JSON ; charset=UTF-8' };
    const response = await fetch(gateway.url, { method: 'POST', body: '{"query":"{__typename}"}', headers });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it('a response with partial data has status 200', async () => {
    await using gateway = await startMemoryGateway([session('a'), session('b')]);
    const query = encodeURIComponent('{ session { id } gateway { version } }');
    const headers = { accept: 'application/graphql-response+json' };
    const response = await fetch(`${gateway.url}?query=${query}`, { headers });
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({
        data: expect.objectContaining({ session: null }),
        errors: expect.any(Array),
      }),
    ]);
  });

  it('an empty document is answered with a syntax error, also when repeated', async () => {
    await using gateway = await startMemoryGateway();
    for (let again = 0; again < 2; again += 1) {
      expect(await gateway.query('')).toMatchObject({
        errors: [{ message: 'Syntax Error: Unexpected <EOF>.' }],
      });
    }
  });

  it('a page of another origin cannot read a response', async () => {
    await using gateway = await startMemoryGateway();
    const response = await fetch(`${gateway.url}?query={__typename}`, {
      headers: { origin: 'http://elsewhere.example' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    ['text/event-stream', 200, '{ __typename }', /^text\/event-stream$/],
    ['multipart/mixed', 200, '{ __typename }', /^multipart\/mixed; boundary="-"$/],
    ['application/json', 200, '{', /^application\/json; charset=utf-8$/],
    ['application/graphql-response+json', 400, '{', /^application\/graphql-response\+json; charset=utf-8$/],
  ])(
    'an answer without an ETag has the caching headers of other answers: %s with status %i for %s',
    async (accept, status, query, type) => {
      await using gateway = await startMemoryGateway([session('a')]);
      const url = `${gateway.url}?query=${encodeURIComponent(query)}`;
      const response = await fetch(url, { headers: { accept } });
      expect([response.status, Object.fromEntries(response.headers)]).toEqual([
        status,
        expect.objectContaining({
          'content-type': expect.stringMatching(type),
          'cache-control': 'private, no-cache',
          vary: 'accept, accept-encoding, authorization, cookie, origin',
        }),
      ]);
      expect(response.headers.has('content-encoding')).toBe(false);
      expect(await response.text()).toContain(status === 200 && query !== '{' ? '"Query"' : 'Syntax Error');
    },
  );

  it.each(['text/event-stream', 'multipart/mixed'])(
    'a result as %s is not sent in chunks to a client of HTTP/1.0, which cannot read them',
    async (accept) => {
      await using gateway = await startMemoryGateway([session('a')]);
      const head = `GET /graphql?query={__typename} HTTP/1.0\r\nhost: localhost\r\naccept: ${accept}\r\n\r\n`;
      const answer = await sendRaw(gateway, head);
      expect(answer).toContain('"__typename":"Query"');
      expect(answer).not.toMatch(/transfer-encoding/i);
    },
  );

  it.each([
    ['{ session { id } }', {}, 200],
    ['{ session { id } }', { 'accept-encoding': 'identity;q=0, gzip' }, 200],
    ['{ session { id } }', { 'if-none-match': '*' }, 304],
    ['{ session { id } }', { accept: 'application/graphql-response+json' }, 200],
    ['{ session { id } }', { accept: 'text/event-stream' }, 200],
    ['{ sesion { id } }', { accept: 'application/graphql-response+json' }, 400],
    ['', {}, 400],
  ])(
    'HEAD of the query "%s" with %o has the status %i and the headers of GET',
    async (query, headers, status) => {
      await using gateway = await startMemoryGateway([session('a')]);
      const read = async (method: string) => {
        const url = `${gateway.url}?query=${encodeURIComponent(query)}`;
        const response = await fetch(url, { method, headers });
        const body = await response.text();
        const names = ['content-type', 'content-encoding', 'content-length', 'etag', 'cache-control', 'vary'];
        return { status: response.status, headers: names.map((name) => response.headers.get(name)), body };
      };
      const head = await read('HEAD');
      const get = await read('GET');
      expect(get.status).toBe(status);
      expect(head).toEqual({ ...get, body: '' });
      expect(await read('HEAD')).toEqual(head);
    },
  );

  it('HEAD of a subscription is rejected and opens no stream', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const query = encodeURIComponent('subscription { sessionChanges { cursor } }');
    const headers = { accept: 'text/event-stream' };
    const response = await fetch(`${gateway.url}?query=${query}`, { method: 'HEAD', headers });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect(gateway.gateway.readers).toBe(0);
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'the method %s is rejected with the allowed ones',
    async (method) => {
      await using gateway = await startMemoryGateway([session('a')]);
      const response = await fetch(`${gateway.url}?query={__typename}`, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    },
  );

  it('a body above 1 MB is rejected', async () => {
    await using gateway = await startMemoryGateway();
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __typename }', variables: { x: 'y'.repeat(1_100_000) } }),
    });
    expect(response.status).toBe(413);
  });
});

describe('the other paths', () => {
  it.each(['/', '/graphql', '/metrics'])(
    'the page %s depends on the origin of the request, for an allowed origin and without one',
    async (path) => {
      await using gateway = await startGateway({ allowOrigins: ['https://b.example'] });
      const read = async (headers: Record<string, string>) => {
        const response = await fetch(gateway.origin + path, { headers: { accept: 'text/html', ...headers } });
        await response.body?.cancel();
        return [response.headers.get('access-control-allow-origin'), response.headers.get('vary')];
      };
      const vary = expect.stringMatching(/accept-encoding, .*origin$/);
      expect(await read({ origin: 'https://b.example' })).toEqual(['https://b.example', vary]);
      expect(await read({})).toEqual([null, vary]);
    },
  );

  it('GraphiQL cannot be framed, its type is not guessed, and caches know that it depends on Accept', async () => {
    await using gateway = await startGateway();
    const page = await fetch(gateway.url, { headers: { accept: 'text/html' } });
    await page.body?.cancel();
    expect(page.headers.get('content-security-policy')).toBe("frame-ancestors 'none'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('vary')).toMatch(/^accept,/);
  });

  it('/healthz succeeds as soon as the gateway listens, /readyz after the first snapshot of each source', async () => {
    const never: SessionProvider = { name: 'never', watch: (_push, signal) => waitForAbort(signal) };
    await using gateway = await startGateway({ providers: [never] });
    expect((await fetch(`${gateway.origin}/healthz`)).status).toBe(200);
    const waiting = await fetch(`${gateway.origin}/readyz`);
    expect(waiting.status).toBe(503);
    expect(await waiting.text()).toBe('waiting for the first snapshot of 1 of 1 sources\n');
    await using ready = await startGateway({ providers: [createMemoryProvider('memory').provider] });
    await ready.gateway.ready();
    expect((await fetch(`${ready.origin}/readyz`)).status).toBe(200);
  });

  it('/ redirects to the endpoint without a dashboard, and a 404 names the endpoint', async () => {
    await using gateway = await startGateway({ dashboard: false });
    const root = await fetch(gateway.origin, { redirect: 'manual' });
    expect([root.status, root.headers.get('location')]).toEqual([302, 'graphql']);
    const missing = await fetch(`${gateway.origin}/nothing`);
    expect([missing.status, await missing.text()]).toEqual([
      404,
      'Not found. The GraphQL endpoint is /graphql\n',
    ]);
  });
});

describe('the GraphiQL page', () => {
  const visit = (url: string, headers: Record<string, string> = {}) =>
    fetch(url, { headers: { accept: 'text/html', ...headers } });

  it('the GraphiQL page is compressed and revalidated by ETag', async () => {
    await using gateway = await startMemoryGateway();
    const first = await visit(gateway.url, { 'accept-encoding': 'gzip' });
    expect(first.headers.get('content-encoding')).toBe('gzip');
    expect(Number(first.headers.get('content-length'))).toBeLessThan(4_000_000);
    expect(await first.text()).toContain('YogaGraphiQL');
    const again = await visit(gateway.url, { 'if-none-match': first.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
  });

  it('the GraphiQL page is sent uncompressed to a client that accepts no encoding', async () => {
    await using gateway = await startMemoryGateway();
    const plain = await visit(gateway.url, { 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    const text = await plain.text();
    const zipped = await visit(gateway.url, { 'accept-encoding': 'gzip' });
    expect(text).toBe(await zipped.text());
  });
});

async function waitForAbort(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}
