import { createClient as createSseClient } from 'graphql-sse';
import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { DEFAULT_LIMITS } from '../../src/server/limits.js';
import { startGateway } from '../support/gateway.js';
import { startIdentityProvider } from '../support/identity-provider.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';
import { connectWebSocket, initWebSocket } from '../support/web-socket-client.js';

const TOKEN = 'a-token-of-the-tests';
const INVALID =
  'The token is invalid. Send the configured one, or the one in the link that the gateway printed at start-up.';
const MISSING =
  'A token is required ("Authorization: Bearer TOKEN"): the configured one, or the one in the link printed at start-up.';

async function start(options: GatewayOptions) {
  const source = createMemoryProvider('a', [session('a', { x: 'running' })]);
  const gateway = await startGateway({ providers: [source.provider], ...options });
  await gateway.gateway.ready();
  const { port } = new URL(gateway.url);
  return { ...gateway, source, cookie: (value: string) => `tilt-graphql-${port}=${value}` };
}

/** Handshakes without a valid token: name, headers, and the close reason that the client sees. */
const handshakes: [string, (cookie: (value: string) => string) => Record<string, string>, string][] = [
  ['a stale cookie', (cookie) => ({ cookie: cookie('stale') }), INVALID],
  ['an empty cookie', (cookie) => ({ cookie: cookie('') }), MISSING],
  ['a stale cookie in quotes', (cookie) => ({ cookie: cookie('"stale"') }), INVALID],
  ['two stale cookies', (cookie) => ({ cookie: `${cookie('old')}; ${cookie('older')}` }), INVALID],
  ['a stale bearer token', () => ({ authorization: 'Bearer stale' }), INVALID],
  ['the login of a proxy', () => ({ authorization: 'Basic YWRhOnB3' }), MISSING],
];

describe('a WebSocket handshake without a valid token', () => {
  it.each(handshakes)(
    'a WebSocket whose handshake has %s is accepted, then closed with 4403 and the reason',
    async (_, headersOf, reason) => {
      await using gateway = await start({ token: TOKEN });
      const client = await connectWebSocket(gateway.webSocketUrl, { headers: headersOf(gateway.cookie) });
      client.send({ type: 'connection_init' });
      expect(await client.closed).toEqual([4403, reason]);
    },
  );

  it.each(handshakes)(
    'a valid token in connection_init is accepted although the handshake has %s',
    async (_, headersOf) => {
      await using gateway = await start({ token: TOKEN });
      const headers = headersOf(gateway.cookie);
      const client = await initWebSocket(gateway.webSocketUrl, { token: TOKEN }, { headers });
      client.send({ id: '1', type: 'subscribe', payload: { query: '{ session { id } }' } });
      await expect.poll(() => JSON.stringify(client.messages)).toContain('a/Tiltfile');
      client.socket.terminate();
    },
  );

  it('a wrong token in connection_init is rejected although the handshake has a valid cookie', async () => {
    await using gateway = await start({ token: TOKEN });
    const headers = { cookie: gateway.cookie(TOKEN) };
    await expect(initWebSocket(gateway.webSocketUrl, { token: 'wrong' }, { headers })).rejects.toThrow(
      `4403 ${INVALID}`,
    );
  });

  it('a WebSocket is closed with 1013 (try again later) while the identity provider is unreachable', async () => {
    await using provider = await startIdentityProvider();
    const token = await provider.sign({ tilt_instances: '*' });
    await using gateway = await start({ jwt: { jwks: new URL('http://127.0.0.1:9/keys') } });
    const client = await connectWebSocket(gateway.webSocketUrl, {
      headers: { cookie: gateway.cookie(token) },
    });
    client.send({ type: 'connection_init' });
    expect(await client.closed).toEqual([1013, 'Tokens cannot be checked at the moment. Try again.']);
  });

  it.each<[string, { status: number; body: string } | null, string]>([
    ['is acknowledged when they arrive', null, 'connection_ack'],
    ['is closed with 1013 when they fail', { status: 500, body: '' }, '1013 Tokens cannot be checked'],
  ])(
    'a WebSocket that waits for the keys of its token longer than initMs %s',
    async (_, failure, expected) => {
      const clock = createManualClock(Date.now());
      await using provider = await startIdentityProvider();
      let release = () => {};
      provider.held = new Promise((resolve) => {
        release = resolve;
      });
      provider.failure = failure;
      await using gateway = await start({ clock, jwt: { jwks: provider.jwks } });
      const init = initWebSocket(gateway.webSocketUrl, {
        token: await provider.sign({ tilt_instances: '*' }),
      });
      const outcome = init.then(({ messages }) => JSON.stringify(messages), String);
      await expect.poll(() => provider.requests).toBe(1);
      await clock.advance(DEFAULT_LIMITS.initMs);
      release();
      expect(await outcome).toContain(expected);
    },
  );

  it("a WebSocket with an expired JWT is closed with 4403 and a reason that shows the expiry and the gateway's clock", async () => {
    await using provider = await startIdentityProvider();
    const token = await provider.sign({ tilt_instances: '*', exp: 1_700_000_000 });
    await using gateway = await start({ jwt: { jwks: provider.jwks } });
    const client = await connectWebSocket(gateway.webSocketUrl, {
      headers: { cookie: gateway.cookie(token) },
    });
    client.send({ type: 'connection_init' });
    expect(await client.closed).toEqual([
      4403,
      expect.stringMatching(
        /^The token expired at 2023-11-14T22:13:20Z; this gateway's clock shows \S+Z\. Get/,
      ),
    ]);
  });
});

describe('a valid token', () => {
  it.each<[string, (cookie: (value: string) => string) => Record<string, string>]>([
    [
      'sent together with the Basic credentials of a proxy',
      (cookie) => ({ authorization: 'Basic YWRhOnB3', cookie: cookie(TOKEN) }),
    ],
    [
      'sent together with the Negotiate credentials of a proxy',
      (cookie) => ({ authorization: 'Negotiate YII=', cookie: cookie(TOKEN) }),
    ],
    [
      'sent together with a stale bearer token',
      (cookie) => ({ authorization: 'Bearer stale', cookie: cookie(TOKEN) }),
    ],
    [
      'in a cookie after a stale cookie of the same name',
      (cookie) => ({ cookie: `${cookie('stale')}; ${cookie(TOKEN)}` }),
    ],
    [
      'in a cookie after an empty cookie of the same name',
      (cookie) => ({ cookie: `${cookie('')}; ${cookie(TOKEN)}` }),
    ],
    ['in a quoted cookie', (cookie) => ({ cookie: cookie(`"${TOKEN}"`) })],
  ])('a valid token %s is accepted over HTTP, SSE and WebSocket', async (_, headersOf) => {
    await using gateway = await start({ token: TOKEN });
    const headers = headersOf(gateway.cookie);
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await fetch(`${gateway.url}?query={session{id}}`, { headers: { ...headers, accept } });
      expect(response.status).toBe(200);
      await response.body?.cancel();
    }
    (await initWebSocket(gateway.webSocketUrl, undefined, { headers })).socket.terminate();
  });
});

describe('an SSE subscription whose token expires', () => {
  it('graphql-sse reconnects with a new token after the token of its subscription has expired', async () => {
    const clock = createManualClock(Date.now());
    await using provider = await startIdentityProvider();
    await using gateway = await start({ clock, jwt: { jwks: provider.jwks } });
    const seconds = (ms: number) => Math.floor(ms / 1_000);
    let tokens = 0;
    const client = createSseClient({
      url: gateway.url,
      retry: () => Promise.resolve(),
      headers: async () => {
        tokens += 1;
        const token = await provider.sign({ tilt_instances: '*', exp: seconds(clock.now()) + 60 });
        return { authorization: `Bearer ${token}` };
      },
    });
    const phases: unknown[] = [];
    const ended: unknown[] = [];
    const query = 'subscription { targetChanges { changes { target { phase } } } }';
    client.subscribe(
      { query },
      {
        next: ({ data }) => phases.push(data),
        error: (error) => ended.push(error),
        complete: () => ended.push('complete'),
      },
    );
    await expect.poll(() => phases).toHaveLength(1);
    await clock.advance(120_000);
    await expect.poll(() => phases).toHaveLength(2);
    gateway.source.put(session('a', { x: 'ready' }));
    await expect.poll(() => phases).toHaveLength(3);
    expect(tokens).toBe(2);
    expect(ended).toEqual([]);
    client.dispose();
  });

  it('an SSE stream whose token expires ends without "complete", so that EventSource reconnects', async () => {
    const clock = createManualClock(Date.now());
    await using provider = await startIdentityProvider();
    await using gateway = await start({ clock, jwt: { jwks: provider.jwks } });
    const token = await provider.sign({ tilt_instances: '*', exp: Math.floor(clock.now() / 1_000) + 60 });
    const stream = await fetch(`${gateway.url}?query=subscription{session{id}}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
    });
    await expect.poll(() => gateway.gateway.readers).toBe(1);
    await clock.advance(120_000);
    expect(await stream.text()).not.toContain('complete');
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });
});
