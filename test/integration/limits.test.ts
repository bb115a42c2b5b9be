import { subscribe as observe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createGateway, type GatewayOptions } from '../../src/gateway.js';
import { readManifest } from '../../src/graphql/documents.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { createManualClock } from '../support/manual-clock.js';
import { sendRaw } from '../support/raw-request.js';
import { measureRetainedMemory } from '../support/retained-memory.js';
import { session } from '../support/sessions.js';
import { connectWebSocket, initWebSocket, type WebSocketClient } from '../support/web-socket-client.js';

async function start(options: GatewayOptions = {}): Promise<TestGateway> {
  const source = createMemoryProvider('a', [session('a', { x: 'running' })]);
  const started = await startGateway({ providers: [source.provider], ...options });
  await started.gateway.ready();
  return started;
}

async function post({ url }: TestGateway, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, text: await response.text() };
}

const subscribe = (id: string, query = 'subscription { session { id } }') => ({
  id,
  type: 'subscribe',
  payload: { query },
});

/** Returns the error with which an operation was rejected. */
const errorOf = ({ messages }: WebSocketClient, id: string) =>
  messages.find((message) => JSON.stringify(message).startsWith(`{"id":"${id}","type":"error"`));

/** A request for an event stream, which does not end. */
const SUBSCRIPTION =
  'GET /graphql?query=subscription%7Bsession%7Bid%7D%7D HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nauthorization: Bearer secret\r\n\r\n';

/** Limits with which Node.js closes no connection of a request that does not end. */
const NEVER_TOO_SLOW = { requestMs: 600_000 };

/** Reads the number of bytes that wait for WebSockets. */
async function unsentBytes({ origin }: TestGateway): Promise<number> {
  const page = await (await fetch(`${origin}/metrics`)).text();
  return Number(/^tilt_graphql_websocket_unsent_bytes (.*)$/m.exec(page)?.[1]);
}

describe('document limits', () => {
  const aliases = Array.from({ length: 51 }, (_, index) => `a${index}: __typename`).join(' ');
  const fragments = Array.from(
    { length: 180 },
    (_, n) => `fragment f${n} on Query { session { id } ...f${(n + 1) % 180} ...f${(n + 2) % 180} }`,
  );
  const tooMuch: [string, string, string][] = [
    ['nested fragments', `{ ...f0 } ${fragments.join(' ')}`, 'QUERY_TOO_DEEP'],
    ['tokens', `{ ${'__typename '.repeat(3_001)} }`, 'TOO_MANY_TOKENS'],
    ['aliases', `{ ${aliases} }`, 'TOO_MANY_ALIASES'],
    ['directives', `{ __typename ${'@include(if: true) '.repeat(51)} }`, 'TOO_MANY_DIRECTIVES'],
    [
      'complexity',
      `{ ${Array.from({ length: 50 }, (_, n) => `a${n}: targets { id name type phase since }`).join(' ')} }`,
      'QUERY_TOO_COMPLEX',
    ],
  ];

  it('errors of a document with more than 250 line breaks have no locations, which take long to find', async () => {
    await using gateway = await start();
    const [few] = (await gateway.query(`${'\n'.repeat(250)}{ nothing }`)).errors ?? [];
    const [many] = (await gateway.query(`${'\n'.repeat(251)}{ nothing }`)).errors ?? [];
    expect(few).toMatchObject({ message: expect.any(String), locations: [{ line: 251, column: 3 }] });
    expect(many).toEqual({ message: few?.message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
  });

  it('a name of 900,000 characters is not repeated in 100 errors', async () => {
    await using gateway = await start({ limits: { messageBytes: 2 ** 20 } });
    const variables = Array.from({ length: 100 }, (_, n) => `$a${n}`).join(' ');
    const query = `query ${'N'.repeat(900_000)} { targets(where: { session: [${variables}] }) { name } }`;
    const errors = [
      {
        message: 'A name of the document: expected at most 256 characters.',
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ];
    expect(await gateway.query(query)).toEqual({ errors });
    const client = await initWebSocket(gateway.webSocketUrl);
    client.send(subscribe('1', query));
    await expect.poll(() => errorOf(client, '1')).toEqual({ id: '1', type: 'error', payload: errors });
    client.socket.terminate();
  });

  it('the id of a WebSocket operation has at most 256 characters', async () => {
    await using gateway = await start();
    const client = await initWebSocket(gateway.webSocketUrl);
    const id = 'x'.repeat(256);
    client.send(subscribe(id, '{ __typename }'));
    await expect.poll(() => JSON.stringify(client.messages)).toContain(`{"id":"${id}","type":"complete"}`);
    const closed = once(client.socket, 'close');
    client.send(subscribe(`${id}x`, '{ __typename }'));
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([4400, 'The id of an operation has more than 256 characters']);
  });

  it.each(['application/json', 'text/event-stream'])(
    'a syntax error has the place where it is, as %s',
    async (accept) => {
      await using gateway = await start();
      const { text } = await post(gateway, JSON.stringify({ query: '{\n  session {' }), { accept });
      expect(text).toContain('"locations":[{"line":2,"column":12}]');
    },
  );

  it.each(tooMuch)('an HTTP document is rejected above the limit of %s', async (_, query, code) => {
    await using gateway = await start({ limits: { complexity: 500 } });
    for (let again = 0; again < 2; again += 1) {
      const { status, text } = await post(gateway, JSON.stringify({ query }));
      expect([status, text]).toEqual([
        expect.toSatisfy((s) => s === 200 || s === 400),
        expect.stringContaining(code),
      ]);
      expect(JSON.parse(text)).not.toHaveProperty('data.sessions');
    }
  });

  it.each(tooMuch)('a WebSocket document is rejected above the limit of %s', async (_, query, code) => {
    await using gateway = await start({ limits: { complexity: 500 } });
    const client = await initWebSocket(gateway.webSocketUrl);
    client.send(subscribe('1', query));
    await expect.poll(() => JSON.stringify(errorOf(client, '1'))).toContain(code);
    client.socket.terminate();
  });

  it('a document above the depth limit is rejected', async () => {
    await using gateway = await start({ limits: { depth: 3 } });
    const { text } = await post(
      gateway,
      JSON.stringify({ query: '{ sessions { nodes { status { done } } } }' }),
    );
    expect(JSON.parse(text)).toEqual({
      errors: [
        {
          message:
            "The document's depth: expected at most 3, it has more. Select fewer fields, or send several requests.",
          extensions: { code: 'QUERY_TOO_DEEP' },
        },
      ],
    });
  });

  it('disabled introspection is rejected over HTTP and WebSocket', async () => {
    await using gateway = await start({ introspection: false, graphiql: false });
    const query = '{ __schema { types { name } } }';
    expect((await post(gateway, JSON.stringify({ query }))).text).toContain(
      'introspection has been disabled',
    );
    const client = await initWebSocket(gateway.webSocketUrl);
    client.send(subscribe('1', query));
    await expect
      .poll(() => JSON.stringify(errorOf(client, '1')))
      .toContain('introspection has been disabled');
    client.socket.terminate();
    const page = await fetch(gateway.url, { headers: { accept: 'text/html' } });
    expect(await page.text()).not.toContain('<html');
  });

  it('with persisted documents only these are executed', async () => {
    const known = '{ session { id } }';
    await using gateway = await start({ documents: readManifest(JSON.stringify({ one: known })) });
    const data = '{"data":{"session":{"id":"a/Tiltfile"}}}';
    for (const body of [
      { query: known },
      { documentId: 'one' },
      { extensions: { persistedQuery: { version: 1, sha256Hash: 'one' } } },
    ]) {
      expect(await post(gateway, JSON.stringify(body))).toEqual({ status: 200, text: data });
    }
    const refusals = await Promise.all(
      [{ query: '{ session { instance } }' }, { documentId: 'two' }].map((body) =>
        post(gateway, JSON.stringify(body)),
      ),
    );
    for (const { status, text } of refusals) {
      expect(status).toBeLessThan(500);
      expect(text).toContain('DOCUMENT_NOT_KNOWN');
    }
    const client = await initWebSocket(gateway.webSocketUrl);
    client.send(subscribe('1', '{ session { instance } }'));
    await expect.poll(() => JSON.stringify(errorOf(client, '1'))).toContain('DOCUMENT_NOT_KNOWN');
    client.socket.terminate();
  });
});

describe('request limits', () => {
  it('a request body above the limit is rejected with 413', async () => {
    await using gateway = await start();
    const query = `{ session { id } } #${'x'.repeat(1_000_000)}`;
    expect((await post(gateway, JSON.stringify({ query }))).status).toBe(413);
    expect((await post(gateway, JSON.stringify({ query: '{ session { id } }' }))).status).toBe(200);
  });

  it('request headers above the limit are rejected with 431', async () => {
    await using gateway = await start();
    const answer = await sendRaw(
      gateway,
      `GET /graphql HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('a WebSocket is closed with 1009 above the message size, and with 1008 above the number of frames', async () => {
    await using gateway = await start({ limits: { messageBytes: 1_000, messageFragments: 10 } });
    const big = await connectWebSocket(gateway.webSocketUrl);
    big.socket.send('x'.repeat(1_001));
    expect((await big.closed)[0]).toBe(1009);
    const many = await connectWebSocket(gateway.webSocketUrl);
    for (let frame = 0; frame < 11; frame += 1) many.socket.send('x', { fin: false });
    expect((await many.closed)[0]).toBe(1008);
  });

  it.each([
    [
      'arrays',
      'application/json',
      `{"query":"{ __typename }","variables":{"x":${'['.repeat(100)}${']'.repeat(100)}}}`,
    ],
    [
      'members',
      'application/json',
      JSON.stringify({ query: '{ __typename }', variables: { ...Array(100).fill(1) } }),
    ],
    ['fields of a form', 'application/x-www-form-urlencoded', `query={__typename}${'&a'.repeat(100)}`],
    [
      'variables of a form',
      'application/x-www-form-urlencoded',
      `query={__typename}&variables=[${'1,'.repeat(100)}1]`,
    ],
  ])('a request with too many %s is rejected with 400 before it is parsed', async (_, type, body) => {
    await using gateway = await start({ limits: { jsonValues: 99 } });
    const answer = await post(gateway, body, { 'content-type': type, accept: 'application/json' });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(
      /has more than 99 (values|fields) \(--limit jsonValues\)\..*"TOO_MANY_VALUES"/,
    );
    expect((await post(gateway, '{"query":"{ __typename }"}')).status).toBe(200);
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
    expect(metrics).toMatch(/rejections_total\{reason="too_many_values"\} 1\n/);
  });

  it('a variable in a URL with too many values is rejected with 400', async () => {
    await using gateway = await start({ limits: { jsonValues: 9 } });
    const response = await fetch(`${gateway.url}?query={__typename}&variables=[[[[[[[[[[]]]]]]]]]]`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('TOO_MANY_VALUES');
  });

  it('brackets and commas in a string are no values', async () => {
    await using gateway = await start({ limits: { jsonValues: 20 } });
    const answer = await post(gateway, JSON.stringify({ query: `{ __typename } # ${'\\"[{,'.repeat(50)}` }));
    expect([answer.status, answer.text]).toEqual([200, '{"data":{"__typename":"Query"}}']);
  });

  it('a WebSocket is closed with 1008 after a message with too many values', async () => {
    await using gateway = await start({ limits: { jsonValues: 99 } });
    const client = await connectWebSocket(gateway.webSocketUrl);
    client.socket.send(`{"type":"ping","payload":{"x":[${'[],'.repeat(50)}[]]}}`);
    expect(await client.closed).toEqual([1008, 'The message has more than 99 values (--limit jsonValues)']);
  });

  it('a request that takes too long to arrive is rejected with 408', async () => {
    await using gateway = await start({ limits: { headersMs: 100, requestMs: 200 } });
    expect(await sendRaw(gateway, 'GET /graphql HTTP/1.1\r\nhost: local')).toMatch(/^HTTP\/1\.1 408 /);
    const head =
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{';
    expect(await sendRaw(gateway, head)).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('a request body in chunks that the gateway does not read', () => {
  const chunked = 'host: localhost\r\ntransfer-encoding: chunked\r\n';
  const unread: [string, string][] = [
    ['without a token', 'POST /graphql HTTP/1.1\r\n'],
    ['with a wrong token', 'POST /graphql HTTP/1.1\r\nauthorization: Bearer wrong\r\n'],
    ['of a foreign origin', 'POST /graphql HTTP/1.1\r\norigin: https://evil.example\r\n'],
    ['of a GET request', 'GET /graphql?query={__typename} HTTP/1.1\r\nauthorization: Bearer secret\r\n'],
    ['of a health check', 'POST /healthz HTTP/1.1\r\n'],
    ['of a page', 'POST / HTTP/1.1\r\n'],
    ['of a sign-in', 'POST /sign-in HTTP/1.1\r\n'],
    ['at an unknown path', 'POST /unknown HTTP/1.1\r\n'],
    ['behind an unfinished request', `${SUBSCRIPTION}POST /graphql HTTP/1.1\r\n`],
  ];

  it.each(unread)('its connection is closed above the limit of tiny chunks: %s', async (_, head) => {
    await using gateway = await start({ token: 'secret', limits: NEVER_TOO_SLOW });
    const body = '1\r\nx\r\n'.repeat(100_000);
    // It never ends.
    await sendRaw(gateway, `${head}${chunked}\r\n${body}`);
    const metrics = await fetch(`${gateway.origin}/metrics`, { headers: { authorization: 'Bearer secret' } });
    expect(await metrics.text()).toMatch(/rejections_total\{reason="body_in_tiny_chunks"\} 1\n/);
  });

  it.each(unread.slice(0, -1))(
    'its connection may be used again after chunks within the limit: %s',
    async (_, head) => {
      await using gateway = await start({ token: 'secret' });
      const body = `${'1\r\nx\r\n'.repeat(900)}186a0\r\n${'x'.repeat(100_000)}\r\n0\r\n\r\n`;
      const next = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';
      const answers = await sendRaw(gateway, `${head}${chunked}\r\n${body}${next}`);
      expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual([expect.any(String), 'HTTP/1.1 200']);
      expect(answers).toContain('\r\nok\n');
    },
  );
});

describe('WebSocket limits', () => {
  it('the number of operations of a WebSocket is limited', async () => {
    await using gateway = await start({ limits: { operations: 2 } });
    const client = await initWebSocket(gateway.webSocketUrl);
    for (const id of ['1', '2', '3']) client.send(subscribe(id));
    await expect
      .poll(() => errorOf(client, '3'))
      .toEqual({
        id: '3',
        type: 'error',
        payload: [
          {
            message: 'Too many operations: 2 run on this connection, which is the limit. End some first.',
            extensions: { code: 'TOO_MANY_OPERATIONS' },
          },
        ],
      });
    client.send({ id: '1', type: 'complete' });
    client.send(subscribe('4'));
    await expect.poll(() => JSON.stringify(client.messages)).toContain('"id":"4","type":"next"');
    client.socket.terminate();
  });

  it('the number of operations that a WebSocket starts per second is limited', async () => {
    const clock = createManualClock();
    await using gateway = await start({ clock, limits: { operationsPerSecond: 2 } });
    const client = await initWebSocket(gateway.webSocketUrl);
    for (let n = 1; n <= 5; n += 1) client.send(subscribe(String(n), '{ __typename }'));
    await expect.poll(() => JSON.stringify(errorOf(client, '5'))).toContain('TOO_MANY_REQUESTS');
    expect(errorOf(client, '4')).toBeUndefined();
    await clock.advance(500);
    client.send(subscribe('6', '{ __typename }'));
    await expect.poll(() => JSON.stringify(client.messages)).toContain('"id":"6","type":"complete"');
    client.socket.terminate();
  });

  it('the pending responses of a WebSocket that does not read are bounded', async () => {
    const targets = Object.fromEntries(
      Array.from({ length: 180 }, (_, n) => [`target-${n}`, 'running' as const]),
    );
    const source = createMemoryProvider('a', [session('a', targets)]);
    await using gateway = await startGateway({
      providers: [source.provider],
      limits: { operationsPerSecond: 1_000_000 },
    });
    await gateway.gateway.ready();
    const client = await initWebSocket(gateway.webSocketUrl);
    client.socket.pause();
    const query = '{ session { status { targets { id name phase resources } } } }';
    const before = measureRetainedMemory();
    for (let n = 1; n <= 20_000; n += 1) client.send(subscribe(String(n), query));
    await expect.poll(() => unsentBytes(gateway)).toBeGreaterThan(2 ** 16);
    for (let turns = 0; turns < 20; turns += 1) await fetch(`${gateway.origin}/healthz`);
    // 20,000 responses of 30 kB would be 600 MB.
    expect(await unsentBytes(gateway)).toBeLessThan(2 ** 20);
    expect(measureRetainedMemory() - before).toBeLessThan(50 * 2 ** 20);
    client.socket.terminate();
  });
});

describe('pipelined requests', () => {
  it('pipelined requests up to the limit are answered', async () => {
    await using gateway = await start({ limits: { operations: 100 } });
    const ask = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n';
    const answers = await sendRaw(gateway, `${`${ask}\r\n`.repeat(99)}${ask}connection: close\r\n\r\n`);
    expect(answers.match(/HTTP\/1.1 200 OK/g)).toHaveLength(100);
  });

  it.each(['/healthz', '/elsewhere', '/graphql?query={__typename}'])(
    'a connection with hundreds of pipelined requests for %s is closed',
    async (path) => {
      await using gateway = await start();
      await fetch(gateway.origin + path);
      const answers = await sendRaw(gateway, `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`.repeat(1_000));
      expect((answers.match(/HTTP\/1.1 \d/g) ?? []).length).toBeLessThan(1_000);
      const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
      expect(metrics).toMatch(/rejections_total\{reason="too_many_operations"\} 1\n/);
    },
  );

  it('a WebSocket handshake behind too many pipelined requests of a proxy does not end the process', async () => {
    await using gateway = await start({ trustProxies: ['127.0.0.1'], limits: { operations: 100 } });
    const headers = 'host: localhost\r\nx-forwarded-for: 203.0.113.9\r\n';
    const post = `POST /graphql HTTP/1.1\r\n${headers}content-length: 0\r\n\r\n`;
    const ask = `GET /healthz HTTP/1.1\r\n${headers}\r\n`;
    const handshake = `GET /graphql HTTP/1.1\r\n${headers}connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
    await sendRaw(gateway, `${post}${ask.repeat(100)}${handshake}`);
    expect((await gateway.query('{ __typename }')).errors).toBeUndefined();
  });

  it('a WebSocket handshake behind a request without an answer closes the connection', async () => {
    await using gateway = await start();
    const ask = 'GET /graphql?query={sessions{totalCount}} HTTP/1.1\r\nhost: localhost\r\n\r\n';
    const handshake =
      'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    expect(await sendRaw(gateway, `${ask}${ask}${handshake}`).catch(() => '')).not.toContain('HTTP/1.1 101');
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
    expect(metrics).toMatch(/rejections_total\{reason="bad_request"\} 1\n/);
    expect(metrics).toMatch(/^tilt_graphql_websockets 0$/m);
  });

  it('a request of a proxy whose connection closed before an application passed it on does not end the process', async () => {
    const gateway = createGateway({ trustProxies: ['127.0.0.1'] });
    const statuses: number[] = [];
    const server = createServer(async (request, response) => {
      // As a log of requests does. After that, Node.js knows the address also once the connection is closed.
      expect(request.socket.remoteAddress).toBe('127.0.0.1');
      await once(request.socket, 'close');
      gateway.handle(request, response);
      statuses.push(response.statusCode);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 203.0.113.9\r\n\r\n');
    await once(server, 'request');
    socket.destroy();
    await expect.poll(() => statuses).toHaveLength(1);
    server.close();
    await gateway.close();
  });

  it('Node.js creates no request for what a closed connection has sent after its limit', async () => {
    await using gateway = await start({ limits: { operations: 100 } });
    let requests = 0;
    const count = () => {
      requests += 1;
    };
    observe('http.server.request.start', count);
    const flood = sendRaw(gateway, 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(50_000));
    // A connection that closes with unread bytes is reset.
    await flood.catch(() => {});
    unsubscribe('http.server.request.start', count);
    // Without the early end, a single read of 64 KiB holds 1,560.
    expect(requests).toBeLessThan(110);
  });
});

describe('connection limits', () => {
  async function openIdleSocket({ url }: TestGateway): Promise<Socket> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }
  const ASK = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';
  const UPGRADE =
    'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n';

  it.each([
    ['connections in total (503)', { sockets: 2 }, /^HTTP\/1\.1 503 .*TOO_MANY_CONNECTIONS/s],
    ['connections per address (429)', { socketsPerAddress: 2 }, /^HTTP\/1\.1 429 .*TOO_MANY_CONNECTIONS/s],
  ])(
    'the limit of %s applies to HTTP, SSE and WebSocket, and frees up when connections close',
    async (_, limits, refusal) => {
      await using gateway = await start({ limits });
      const others = [await openIdleSocket(gateway), await openIdleSocket(gateway)];
      for (const bytes of [ASK, UPGRADE]) {
        const answer = await sendRaw(gateway, bytes);
        expect(answer).toMatch(refusal);
        expect(answer).toMatch(/\r\nretry-after: 5\r\n/i);
      }
      for (const other of others) other.destroy();
      await expect.poll(() => sendRaw(gateway, ASK)).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it('the connection limit per address does not apply to a trusted proxy', async () => {
    await using gateway = await start({
      limits: { socketsPerAddress: 1 },
      trustProxies: ['127.0.0.0/8'],
    });
    const other = await openIdleSocket(gateway);
    expect(await sendRaw(gateway, ASK)).toMatch(/^HTTP\/1\.1 200 /);
    other.destroy();
  });

  it.each([
    ['a wrong path', 'GET /elsewhere HTTP/1.1\r\nhost: localhost'],
    ['a wrong host', 'GET /graphql HTTP/1.1\r\nhost: evil.example'],
  ])(
    'a rejected upgrade to %s leaves no connection open, whatever its client sent and did not read',
    async (_, head) => {
      await using gateway = await start({ limits: { sockets: 2 } });
      for (let n = 0; n < 5; n += 1) {
        const socket = await openIdleSocket(gateway);
        socket.write(`${head}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n${'x'.repeat(100_000)}`);
        socket.on('error', () => {});
        await once(socket.resume(), 'close');
      }
      await expect.poll(() => sendRaw(gateway, ASK)).toMatch(/^HTTP\/1\.1 200 /);
    },
  );
});
