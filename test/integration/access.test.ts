import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createGateway, type GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { DEFAULT_LEEWAY_MS } from '../../src/server/access/access.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { startIdentityProvider } from '../support/identity-provider.js';
import { createManualClock } from '../support/manual-clock.js';
import { sendRaw } from '../support/raw-request.js';
import { session } from '../support/sessions.js';
import { connectWebSocket, initWebSocket } from '../support/web-socket-client.js';

const TOKEN = 'a-token-of-the-tests';
const QUERY = '{ sessions { nodes { id } } }';
const SECRET = 'secret-instance';

/** Starts a gateway with one Session, whose name must not leak to unauthorized clients. */
async function start(options: GatewayOptions): Promise<TestGateway> {
  const source = createMemoryProvider(SECRET, [session(SECRET, { x: 'running' })]);
  const started = await startGateway({ providers: [source.provider], ...options });
  await started.gateway.ready();
  return started;
}

/** Sends a query. Resolves with status, body and headers; asserts that an error does not leak the Session. */
async function sendQuery(
  { url }: TestGateway,
  headers: Record<string, string> = {},
  accept = 'application/json',
) {
  const response = await fetch(`${url}?query=${encodeURIComponent(QUERY)}`, {
    headers: { accept, ...headers },
  });
  const text = await response.text();
  if (response.status !== 200) expect(text).not.toContain(SECRET);
  return { status: response.status, text, headers: response.headers };
}

const answered = { status: 200, text: expect.stringContaining(SECRET) };
const rejected = (status: number, code: string) => ({ status, text: expect.stringContaining(code) });

describe('the Host allow-list', () => {
  const hosts: [string, GatewayOptions, object][] = [
    ['localhost:4000', {}, answered],
    ['board.localhost', {}, answered],
    ['192.168.1.7:4000', {}, answered],
    ['[fe80::1]:4000', {}, answered],
    ['evil.example', {}, rejected(403, 'HOST_NOT_ALLOWED')],
    ['localhost.evil.example', {}, rejected(403, 'HOST_NOT_ALLOWED')],
    ['127.0.0.1.evil.example:80', {}, rejected(403, 'HOST_NOT_ALLOWED')],
    ['Board.example:80', { allowHosts: ['board.example'] }, answered],
    ['any.example', { allowHosts: ['*'] }, answered],
  ];

  it.each(hosts)(
    'the Host allow-list is applied over HTTP and WebSocket to Host %s with options %j',
    async (host, options, outcome) => {
      await using gateway = await start(options);
      expect(await rawGet(gateway, host)).toMatchObject(outcome);
      const connecting = connectWebSocket(gateway.webSocketUrl, { headers: { host } });
      if (outcome === answered) (await connecting).socket.terminate();
      else await expect(connecting).rejects.toThrow('403 {"errors":[{"message":"Host ');
    },
  );

  it('the Host header is checked on every path except the health checks', async () => {
    await using gateway = await start({});
    for (const path of ['/', '/graphql', '/metrics', '/nothing']) {
      expect(await rawGet(gateway, 'evil.example', path)).toMatchObject(rejected(403, 'HOST_NOT_ALLOWED'));
    }
    for (const path of ['/healthz', '/readyz']) {
      expect(await rawGet(gateway, 'evil.example', path)).toMatchObject({ status: 200, text: 'ok\n' });
    }
  });

  it('health checks answer HTTP/1.0 requests without a Host header', async () => {
    await using gateway = await start({});
    for (const path of ['/healthz', '/readyz']) {
      expect(await sendRaw(gateway, `GET ${path} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 OK.*\nok\n$/s);
    }
    expect(await sendRaw(gateway, 'GET /graphql HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('/metrics accepts any Host with a valid token, which a DNS rebinding page does not have', async () => {
    await using gateway = await start({ token: TOKEN });
    const read = (headers: Record<string, string>) =>
      rawGet(gateway, 'tilt-graphql.monitoring.svc:4000', '/metrics', 'text/plain', headers);
    expect(await read({ authorization: `Bearer ${TOKEN}` })).toMatchObject({ status: 200 });
    expect(await read({})).toMatchObject(rejected(401, 'UNAUTHENTICATED'));
    expect(await read({ authorization: 'Bearer wrong' })).toMatchObject(rejected(401, 'UNAUTHENTICATED'));
  });

  it('a request with several Host headers is rejected with 400', async () => {
    await using gateway = await start({});
    const answer = await sendRaw(
      gateway,
      'GET /healthz HTTP/1.1\r\nhost: localhost\r\nHOST: evil.example\r\nconnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*Expected one Host header/s);
  });

  it('the host of an absolute-form request target takes precedence over the Host header', async () => {
    await using gateway = await start({});
    const target = (host: string) =>
      `GET http://${host}/graphql?query=%7Bsessions%7BtotalCount%7D%7D HTTP/1.1\r\n`;
    const ask = (host: string, header: string) =>
      sendRaw(gateway, `${target(host)}host: ${header}\r\nconnection: close\r\n\r\n`);
    expect(await ask('localhost:4000', 'evil.example')).toMatch(/^HTTP\/1\.1 200 .*"totalCount":1/s);
    expect(await ask('evil.example', 'localhost')).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe('the Origin allow-list', () => {
  const origins: [string, Record<string, string>, GatewayOptions, object][] = [
    ['no origin', {}, {}, answered],
    ['the same origin', { origin: 'http://HOST' }, {}, answered],
    ['the same origin behind TLS', { origin: 'https://HOST' }, {}, answered],
    ['another origin', { origin: 'https://evil.example' }, {}, rejected(403, 'ORIGIN_NOT_ALLOWED')],
    ['another port', { origin: 'http://127.0.0.1:1' }, {}, rejected(403, 'ORIGIN_NOT_ALLOWED')],
    ['the null origin of a sandbox', { origin: 'null' }, {}, rejected(403, 'ORIGIN_NOT_ALLOWED')],
    ['an allowed origin', { origin: 'https://b.example' }, { allowOrigins: ['https://b.example'] }, answered],
    ['any origin with *', { origin: 'https://c.example' }, { allowOrigins: ['*'] }, answered],
    [
      'an image in a page of another site',
      { 'sec-fetch-site': 'cross-site' },
      {},
      rejected(403, 'ORIGIN_NOT_ALLOWED'),
    ],
    ['a script of the same origin', { 'sec-fetch-site': 'same-origin' }, {}, answered],
  ];

  it.each(origins)(
    'the Origin allow-list is applied over HTTP, SSE and WebSocket to %s',
    async (_, headers, options, outcome) => {
      await using gateway = await start(options);
      const host = new URL(gateway.url).host;
      const sent = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, v.replace('HOST', host)]));
      for (const accept of ['application/json', 'text/event-stream']) {
        expect(await sendQuery(gateway, sent, accept)).toMatchObject(outcome);
      }
      const connecting = connectWebSocket(gateway.webSocketUrl, { headers: sent });
      if (outcome === answered) (await connecting).socket.terminate();
      else await expect(connecting).rejects.toThrow('403 {"errors":[{"message":"Origin ');
    },
  );

  it('a page of any site may link to the gateway', async () => {
    await using gateway = await start({});
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(await rawGet(gateway, 'localhost', undefined, 'text/html', headers)).toMatchObject({
      status: 200,
    });
  });

  it('CORS headers are sent to an allowed origin, and to no other', async () => {
    await using gateway = await start({ allowOrigins: ['https://b.example'], token: TOKEN });
    const preflight = (origin: string) =>
      fetch(gateway.url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = await preflight('https://b.example');
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://b.example',
    ]);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(allowed.headers.get('vary')).toBe('origin, access-control-request-headers');
    const denied = await preflight('https://evil.example');
    expect([denied.status, denied.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    const asked = await sendQuery(gateway, { origin: 'https://b.example', authorization: `Bearer ${TOKEN}` });
    expect(asked.headers.get('access-control-allow-origin')).toBe('https://b.example');
    expect(asked.headers.get('vary')).toContain('origin');
    const unauthenticated = await sendQuery(gateway, { origin: 'https://b.example' });
    expect([unauthenticated.status, unauthenticated.headers.get('vary')]).toEqual([401, 'origin']);
  });

  it('a CORS preflight from an allowed origin is granted the headers it requests', async () => {
    await using gateway = await start({ allowOrigins: ['https://b.example'] });
    const preflight = async (requested: string) => {
      const { headers } = await fetch(gateway.url, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://b.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': requested,
        },
      });
      return headers.get('access-control-allow-headers');
    };
    const usual = 'apollographql-client-name,apollographql-client-version,traceparent,if-none-match';
    expect(await preflight(usual)).toBe(usual.replaceAll(',', ', '));
    const fallback = 'accept, authorization, content-type, last-event-id, x-request-id';
    expect(await preflight('no header name')).toBe(fallback);
    expect(await preflight('x'.repeat(2_001))).toBe(fallback);
  });
});

describe('the token', () => {
  it('HTTP and SSE require the token', async () => {
    await using gateway = await start({ token: TOKEN });
    for (const accept of ['application/json', 'text/event-stream']) {
      const missing = await sendQuery(gateway, {}, accept);
      expect(missing).toMatchObject(rejected(401, 'UNAUTHENTICATED'));
      expect(missing.headers.get('www-authenticate')).toContain('Bearer');
      expect(await sendQuery(gateway, { authorization: `Bearer ${TOKEN}x` }, accept)).toMatchObject(
        rejected(401, 'token is invalid'),
      );
      for (const authorization of [`Basic ${TOKEN}`, TOKEN, 'Bearer ', 'Negotiate YII=']) {
        expect(await sendQuery(gateway, { authorization }, accept)).toMatchObject(
          rejected(401, 'A token is required'),
        );
      }
      expect(await sendQuery(gateway, { authorization: `Bearer ${TOKEN}` }, accept)).toMatchObject(answered);
      expect(await sendQuery(gateway, { authorization: `bearer  ${TOKEN}` }, accept)).toMatchObject(answered);
    }
  });

  it('health checks require no token', async () => {
    await using gateway = await start({ token: TOKEN });
    for (const path of ['/healthz', '/readyz']) {
      const response = await fetch(gateway.origin + path);
      expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
    }
  });

  it.each([
    ['token', { token: TOKEN }],
    ['authorization', { authorization: `Bearer ${TOKEN}` }],
    ['Authorization', { Authorization: `Bearer ${TOKEN}` }],
  ])('a WebSocket may send the token as %s in connection_init', async (_, payload) => {
    await using gateway = await start({ token: TOKEN });
    const client = await initWebSocket(gateway.webSocketUrl, payload);
    client.send({ id: '1', type: 'subscribe', payload: { query: QUERY } });
    await expect.poll(() => JSON.stringify(client.messages)).toContain(SECRET);
    client.socket.terminate();
  });

  it('a WebSocket may send the token in the Authorization header of its handshake', async () => {
    await using gateway = await start({ token: TOKEN });
    const headers = { authorization: `Bearer ${TOKEN}` };
    (await initWebSocket(gateway.webSocketUrl, undefined, { headers })).socket.terminate();
  });

  it.each([[undefined], [{}], [{ token: 'wrong' }], [{ token: 1 }], [{ authorization: TOKEN }]])(
    'a WebSocket with the connection_init payload %j is closed with 4403',
    async (payload) => {
      await using gateway = await start({ token: TOKEN });
      await expect(initWebSocket(gateway.webSocketUrl, payload)).rejects.toThrow(/^4403 /);
    },
  );

  it('a token in a link becomes an HttpOnly cookie, and a redirect removes it from the address', async () => {
    await using gateway = await start({ token: TOKEN });
    const open = (search: string, headers = {}) =>
      fetch(`${gateway.url}${search}`, { redirect: 'manual', headers: { accept: 'text/html', ...headers } });
    const opened = await open(`?token=${TOKEN}&tab=1`);
    expect([opened.status, opened.headers.get('location')]).toEqual([303, 'graphql?tab=1']);
    const cookie = opened.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^tilt-graphql-\d+=[^;]*; HttpOnly; SameSite=Lax$/);
    const [pair = ''] = cookie.split(';');
    expect((await open('', { cookie: `other=1; ${pair}` })).status).toBe(200);
    expect(await sendQuery(gateway, { cookie: pair })).toMatchObject(answered);
    (await initWebSocket(gateway.webSocketUrl, undefined, { headers: { cookie: pair } })).socket.terminate();

    expect((await open('')).status).toBe(401);
    const wrong = await open('?token=wrong');
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null]);
    expect(await wrong.text()).toContain(
      '<p role="alert">The token is invalid. Send the configured one, or the one in the link that the gateway printed at start-up.</p>',
    );
  });

  it('the cookie of a sign-in does not contain the token, and works as nothing but a cookie of this gateway', async () => {
    await using gateway = await start({ token: TOKEN });
    const cookie = await signIn(gateway, TOKEN);
    const [name = '', value = ''] = cookie.split('=');
    expect(value).not.toContain(TOKEN);
    expect(Buffer.from(value, 'base64url').includes(TOKEN)).toBe(false);
    expect(await sendQuery(gateway, { cookie })).toMatchObject(answered);
    const invalid = rejected(401, 'The token is invalid.');
    expect(await sendQuery(gateway, { authorization: `Bearer ${value}` })).toMatchObject(invalid);
    await expect(initWebSocket(gateway.webSocketUrl, { token: value })).rejects.toThrow(/^4403 /);
    await using other = await start({ token: TOKEN });
    const { port } = new URL(other.url);
    for (const named of [cookie, `tilt-graphql-${port}=${value}`]) {
      expect(name).not.toBe(`tilt-graphql-${port}`);
      expect((await sendQuery(other, { cookie: named })).status).toBe(401);
    }
  });

  it('a browser stays signed in when the gateway is restarted with the same token, and only then', async () => {
    const first = await start({ token: TOKEN });
    const cookie = await signIn(first, TOKEN);
    const port = Number(new URL(first.url).port);
    await first[Symbol.asyncDispose]();
    for (const [token, status] of [
      [TOKEN, 200],
      ['another-token-of-the-tests', 401],
    ] as const) {
      const again = createGateway({ token });
      await again.listen(port);
      const url = `http://127.0.0.1:${port}/graphql?query={__typename}`;
      expect((await fetch(url, { headers: { cookie } })).status).toBe(status);
      await again.close();
    }
  });

  it('a token with a plus sign works in a link that does not encode it', async () => {
    const token = 'base64+of+the/tests';
    await using gateway = await start({ token });
    const opened = await fetch(`${gateway.url}?token=${token}`, {
      redirect: 'manual',
      headers: { accept: 'text/html' },
    });
    expect(opened.status).toBe(303);
    const [cookie = ''] = (opened.headers.get('set-cookie') ?? '').split(';');
    expect(await sendQuery(gateway, { cookie })).toMatchObject(answered);
  });

  it('a browser without a token gets a sign-in form, which turns the token into a cookie', async () => {
    await using gateway = await start({ token: TOKEN });
    const visit = await fetch(gateway.url, { headers: { accept: 'text/html' } });
    expect([visit.status, visit.headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8']);
    expect(await visit.text()).toMatch(/<form method="post" action="sign-in">.*name="page" value="graphql"/s);
    const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
      fetch(`${gateway.origin}/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        headers: { accept: 'application/json', ...headers },
        body: new URLSearchParams(fields),
      });
    const signedIn = await post({ token: TOKEN, page: 'graphql' });
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, 'graphql']);
    const [cookie = ''] = signedIn.headers.get('set-cookie')?.split(';') ?? [];
    expect(await sendQuery(gateway, { cookie })).toMatchObject(answered);
    for (const page of ['', 'https://evil.example/', '//evil.example', '../x', 'nothing']) {
      expect((await post({ token: TOKEN, page })).headers.get('location')).toBe('./');
    }
    const wrong = await post({ token: 'wrong' });
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null]);
    expect(await wrong.text()).toContain('The token is invalid.');
    expect((await post({ token: TOKEN }, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await fetch(`${gateway.origin}/sign-in`)).status).toBe(400);
    await using open = await start({});
    expect((await fetch(`${open.origin}/sign-in`)).status).toBe(404);
  });

  it('a link with a token never redirects to another host', async () => {
    await using gateway = await start({ token: TOKEN });
    for (const path of ['//evil.example/', '/\\\\evil.example/', '/\\/evil.example/']) {
      const { location } = await rawGet(gateway, 'localhost', `${path}?token=${TOKEN}`, 'text/html');
      expect(location).toBeUndefined();
    }
  });

  it('listening beyond loopback requires a token', async () => {
    await using gateway = await start({});
    await expect(gateway.gateway.listen(0, '0.0.0.0')).rejects.toThrow(
      /a token is required to listen on 0\.0\.0\.0/,
    );
  });
});

describe('a JWT of an identity provider', () => {
  const OTHER = 'other-instance';

  /** Starts a gateway with two instances and an identity provider. */
  async function setUp() {
    const clock = createManualClock(Date.now());
    const provider = await startIdentityProvider();
    const sources = [SECRET, OTHER].map((name) =>
      createMemoryProvider(name, [session(name, { [`${name}-x`]: 'running' })]),
    );
    const jwt = { jwks: provider.jwks, issuer: 'https://id.example', audience: 'tilt' };
    const providers = sources.map((source) => source.provider);
    const gateway = await startGateway({ clock, jwt, providers, federation: true });
    await gateway.gateway.ready();
    const claims = { iss: 'https://id.example', aud: 'tilt', tilt_instances: 'other-*' };
    return {
      clock,
      provider,
      gateway,
      claims,
      other: sources[1],
      secret: sources[0],
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]();
        await provider[Symbol.asyncDispose]();
      },
    };
  }

  /** Reads the metrics with a token for all instances. */
  async function readMetrics({
    gateway,
    provider,
    claims,
  }: Pick<Awaited<ReturnType<typeof setUp>>, 'gateway' | 'provider' | 'claims'>): Promise<string> {
    const token = await provider.sign({ ...claims, tilt_instances: '*' });
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${gateway.origin}/metrics`, { headers })).text();
  }

  it('a JWT limits queries, lists, counts, nodes, sources and errors to the instances of its claim', async () => {
    await using setup = await setUp();
    const authorization = `Bearer ${await setup.provider.sign(setup.claims)}`;
    const post = async (query: string) => {
      const response = await fetch(setup.gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query }),
      });
      const text = await response.text();
      return { text, data: JSON.parse(text).data };
    };
    const everything = `{ sessions { totalCount nodes { id } edges { cursor } } targets { id } session { id }
      gateway { sources { name } } }`;
    const { data, text } = await post(everything);
    expect(text).not.toContain(SECRET);
    expect(data).toMatchObject({
      sessions: { totalCount: 1, nodes: [{ id: `${OTHER}/Tiltfile` }] },
      session: { id: `${OTHER}/Tiltfile` },
      gateway: { sources: [{ name: OTHER }] },
    });
    const hidden = `{ a: session(id: "${SECRET}/Tiltfile") { id } b: node(id: "${SECRET}/Tiltfile") { id }
      c: node(id: "${SECRET}/Tiltfile#${SECRET}-x") { id } d: target(session: "${SECRET}/Tiltfile", name: "x") { id } }`;
    expect((await post(hidden)).data).toEqual({ a: null, b: null, c: null, d: null });
    const entities = `{ _entities(representations: [{ __typename: "Session", id: "${SECRET}/Tiltfile" },
      { __typename: "Target", id: "${SECRET}/Tiltfile#${SECRET}-x" },
      { __typename: "Session", id: "${OTHER}/Tiltfile" }]) { ... on Session { id } ... on Target { id } } }`;
    expect((await post(entities)).data).toEqual({ _entities: [null, null, { id: `${OTHER}/Tiltfile` }] });
    // A cached response is not shared between clients of different scopes.
    const all = await setup.provider.sign({ ...setup.claims, tilt_instances: ['*'] });
    const asAll = await fetch(setup.gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${all}` },
      body: JSON.stringify({ query: everything }),
    });
    expect(await asAll.text()).toContain('2 Sessions are known');
    expect((await post(everything)).text).not.toContain(SECRET);
  });

  it('a JWT hides errors and counts of other instances that come from the same source', async () => {
    await using setup = await setUp();
    const shared = createMemoryProvider('bucket', [session('other-2'), session(`${SECRET}-2`)]);
    await using gateway = await startGateway({
      clock: setup.clock,
      jwt: { jwks: setup.provider.jwks, issuer: 'https://id.example', audience: 'tilt' },
      providers: [shared.provider],
    });
    await gateway.gateway.ready();
    shared.markStale(`${SECRET}-2.yaml: line 3: expected a map`, `${SECRET}-2/Tiltfile`);
    const sourcesFor = async (claims: Readonly<Record<string, unknown>>) => {
      const authorization = `Bearer ${await setup.provider.sign(claims)}`;
      const query = '{ gateway { sources { name state error sessionCount } } }';
      const url = `${gateway.url}?query=${encodeURIComponent(query)}`;
      return await (await fetch(url, { headers: { authorization } })).json();
    };
    const live = { name: 'bucket', state: 'LIVE', error: null, sessionCount: 1 };
    expect(await sourcesFor(setup.claims)).toEqual({ data: { gateway: { sources: [live] } } });
    const error = `${SECRET}-2.yaml: line 3: expected a map`;
    expect(await sourcesFor({ ...setup.claims, tilt_instances: '*' })).toEqual({
      data: { gateway: { sources: [{ name: 'bucket', state: 'STALE', error, sessionCount: 2 }] } },
    });
  });

  it('a JWT limits subscriptions, which are never shared with clients of another scope', async () => {
    await using setup = await setUp();
    const query = 'subscription { sessionChanges { changes { session { id } } } }';
    const open = async (instances: string) => {
      const token = await setup.provider.sign({ ...setup.claims, tilt_instances: instances });
      const client = await initWebSocket(setup.gateway.webSocketUrl, { token });
      client.send({ id: '1', type: 'subscribe', payload: { query } });
      await expect.poll(() => client.messages.length).toBe(2);
      return client;
    };
    const [some, all] = [await open('other-*'), await open('*')];
    setup.secret?.put(session(SECRET, { y: 'ready' }));
    setup.other?.put(session(OTHER, { y: 'ready' }));
    await expect.poll(() => [some.messages.length, all.messages.length]).toEqual([3, 4]);
    expect(JSON.stringify(some.messages)).not.toContain(SECRET);
    expect(JSON.stringify(all.messages)).toContain(SECRET);
    some.send({
      id: '2',
      type: 'subscribe',
      payload: { query: `subscription { targetChanges(session: "${SECRET}/Tiltfile") { session { id } } }` },
    });
    await expect
      .poll(() => some.messages.at(-1))
      .toMatchObject({
        id: '2',
        payload: { data: { targetChanges: { session: null } } },
      });
    for (const { socket } of [some, all]) socket.terminate();
  });

  it('a sign-in with a JWT keeps its scope and its expiry, and is not valid at another gateway', async () => {
    await using setup = await setUp();
    const exp = Math.floor(setup.clock.now() / 1_000) + 60 - DEFAULT_LEEWAY_MS / 1_000;
    const cookie = await signIn(setup.gateway, await setup.provider.sign({ ...setup.claims, exp }));
    const body = await sendQuery(setup.gateway, { cookie });
    expect(body.status).toBe(200);
    expect(body.text).toContain(OTHER);
    expect(body.text).not.toContain(SECRET);
    await using again = await startGateway({ clock: setup.clock, jwt: { jwks: setup.provider.jwks } });
    const value = cookie.slice(cookie.indexOf('=') + 1);
    const renamed = `tilt-graphql-${new URL(again.url).port}=${value}`;
    expect((await sendQuery(again, { cookie: renamed })).status).toBe(401);
    await setup.clock.advance(60_000);
    expect(await sendQuery(setup.gateway, { cookie })).toMatchObject(rejected(401, 'expired'));
  });

  it('a JWT of 4,000 characters fits into a cookie, and a longer one is rejected with the reason', async () => {
    await using setup = await setUp();
    const sign = (groups: number) =>
      setup.provider.sign({ ...setup.claims, groups: Array.from({ length: groups }, () => randomUUID()) });
    const long = await sign(75);
    expect(long.length).toBeGreaterThan(4_000);
    expect((await sendQuery(setup.gateway, { cookie: await signIn(setup.gateway, long) })).status).toBe(200);
    const response = await fetch(`${setup.gateway.origin}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ token: await sign(140) }),
    });
    expect([response.status, response.headers.get('set-cookie')]).toEqual([400, null]);
    expect(await response.text()).toContain('too long for a cookie');
    expect(await readMetrics(setup)).toMatch(/rejections_total\{reason="bad_request"\} 1\n/);
  });

  it('the metrics are forbidden to a JWT of some instances, and count that', async () => {
    await using setup = await setUp();
    const token = await setup.provider.sign(setup.claims);
    const response = await fetch(`${setup.gateway.origin}/metrics`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([response.status, await response.json()]).toEqual([
      403,
      {
        errors: [
          {
            message: 'The metrics require a token for all instances.',
            extensions: { code: 'FORBIDDEN' },
          },
        ],
      },
    ]);
    expect(await readMetrics(setup)).toMatch(/rejections_total\{reason="forbidden"\} 1\n/);
  });

  it('when a JWT expires, its WebSocket is closed with 4403 and its SSE stream ends without "complete"', async () => {
    await using setup = await setUp();
    const exp = Math.floor(setup.clock.now() / 1_000) + 60 - DEFAULT_LEEWAY_MS / 1_000;
    const token = await setup.provider.sign({ ...setup.claims, exp });
    const client = await initWebSocket(setup.gateway.webSocketUrl, { token });
    const query = 'subscription { sessionChanges { cursor } }';
    client.send({ id: '1', type: 'subscribe', payload: { query } });
    const stream = await fetch(`${setup.gateway.url}?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
    });
    await expect.poll(() => setup.gateway.gateway.readers).toBe(2);
    await setup.clock.advance(60_000);
    expect(await client.closed).toEqual([4403, 'The token has expired: connect with a new one']);
    // After `complete` clients would not reconnect.
    expect(await stream.text()).not.toContain('event: complete');
    await expect.poll(() => setup.gateway.gateway.readers).toBe(0);
    const late = await sendQuery(setup.gateway, { authorization: `Bearer ${token}` });
    expect(late).toMatchObject(rejected(401, 'expired'));
  });

  it.each<[string, Record<string, unknown>, number, string]>([
    ['from another issuer', { iss: 'https://evil.example' }, 401, '\\"iss\\"'],
    ['for another audience', { aud: 'other' }, 401, '\\"aud\\"'],
    ['without expiry', { exp: undefined }, 401, '\\"exp\\"'],
    ['without the claim tilt_instances', { tilt_instances: undefined }, 403, 'tilt_instances'],
    ['with an invalid claim tilt_instances', { tilt_instances: [1] }, 403, 'tilt_instances'],
    ['that is not valid yet', { nbf: 4_000_000_000 }, 401, '\\"nbf\\"'],
  ])('a JWT %s is rejected', async (_, changed, status, message) => {
    await using setup = await setUp();
    const token = await setup.provider.sign({ ...setup.claims, ...changed });
    expect(await sendQuery(setup.gateway, { authorization: `Bearer ${token}` })).toMatchObject(
      rejected(status, message),
    );
  });

  it('a JWT with a foreign, wrong or missing signature is rejected', async () => {
    await using setup = await setUp();
    await using stranger = await startIdentityProvider();
    const [header = '', payload = ''] = (await setup.provider.sign(setup.claims)).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const token of [
      await stranger.sign(setup.claims),
      `${header}.${payload}.AAAA`,
      `${none}.${payload}.`,
      'nonsense',
    ]) {
      expect(await sendQuery(setup.gateway, { authorization: `Bearer ${token}` })).toMatchObject(
        rejected(401, 'UNAUTHENTICATED'),
      );
    }
  });

  it('JWTs are rejected with 503, or 1013 over WebSocket, while the signing keys are unavailable', async () => {
    await using provider = await startIdentityProvider();
    const token = await provider.sign({ tilt_instances: '*' });
    await using gateway = await start({ jwt: { jwks: new URL('http://127.0.0.1:9/keys') } });
    expect(await sendQuery(gateway, { authorization: `Bearer ${token}` })).toMatchObject(
      rejected(503, 'cannot be checked at the moment'),
    );
    await expect(initWebSocket(gateway.webSocketUrl, { token })).rejects.toThrow(/^1013 Tokens cannot/);
  });

  it('repeated requests with a JWT fetch the signing keys once', async () => {
    await using setup = await setUp();
    const authorization = `Bearer ${await setup.provider.sign(setup.claims)}`;
    for (let again = 0; again < 5; again += 1) await sendQuery(setup.gateway, { authorization });
    expect(setup.provider.requests).toBe(1);
  });
});

/** Signs in with a form, and resolves with the cookie. */
async function signIn({ origin }: TestGateway, token: string): Promise<string> {
  const signedIn = await fetch(`${origin}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ token }),
  });
  expect(signedIn.status).toBe(303);
  return signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
}

/** Sends a GET with a custom Host header, which `fetch` does not allow. */
async function rawGet(
  { url }: TestGateway,
  host: string,
  path?: string,
  accept = 'application/json',
  headers: Record<string, string> = {},
) {
  const { port } = new URL(url);
  return new Promise<{ status: number | undefined; text: string; location: string | undefined }>(
    (resolve, reject) => {
      const asked = request({
        port,
        host: '127.0.0.1',
        path: path ?? `/graphql?query=${encodeURIComponent(QUERY)}`,
        headers: { host, accept, ...headers },
      });
      asked.on('error', reject);
      asked.on('response', async (response) => {
        const text = Buffer.concat(await response.toArray()).toString();
        resolve({ status: response.statusCode, text, location: response.headers.location });
      });
      asked.end();
    },
  );
}
