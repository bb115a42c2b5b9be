import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider, type MemorySource } from '../../src/providers/memory.js';
import { createFrame, encodeFrame, OPCODES } from '../fuzz/gateway/frames.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { largeSession, WAIT_REASON_FIELDS } from '../support/large-session.js';
import { createManualClock } from '../support/manual-clock.js';
import { measureRetainedMemory } from '../support/retained-memory.js';
import { session, type TargetStates } from '../support/sessions.js';
import { sharedTls } from '../support/tls.js';
import { initWebSocket } from '../support/web-socket-client.js';

type Costly = TestGateway & { readonly source: MemorySource };

/** Starts a gateway with Sessions of many targets. */
async function start(sessions: number, targets: number, options: GatewayOptions = {}): Promise<Costly> {
  const all = Array.from({ length: sessions }, (_, index) =>
    session(`s${index}`, createTargets(targets, 'running')),
  );
  const source = createMemoryProvider('many', all);
  const gateway = await startGateway({ providers: [source.provider], ...options });
  await gateway.gateway.ready();
  return { ...gateway, source };
}

function createTargets(count: number, state: TargetStates[string]): TargetStates {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`target-${index}`, state]));
}

function open({ origin }: TestGateway): Socket {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.on('error', () => {});
  return socket;
}

function formatRequest(query: string, accept = 'application/json'): string {
  const path = `/graphql?query=${encodeURIComponent(query)}`;
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: ${accept}\r\n\r\n`;
}

/** An operation whose JSON takes long to parse: nothing longer is known within the limit of values. */
const LONG = `{"query":"{ __typename }","variables":{"x":[${Array.from({ length: 4_950 }, (_, n) => `{"${String(n).padEnd(188, 'x')}":1}`).join()}]}}`;

/** A document that takes long to validate, because each fragment is compared with all later ones. */
const CHAIN = `{ ...f0 } ${Array.from({ length: 325 }, (_, n) => `fragment f${n} on Query { __typename ${n < 324 ? `...f${n + 1}` : ''} }`).join(' ')}`;

function toChunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n${text.endsWith('}') ? '0\r\n\r\n' : ''}`;
}

function textFrame(text: string): Buffer {
  return encodeFrame(createFrame(OPCODES.text, Buffer.from(text)));
}

/** Opens a WebSocket whose frames the test writes. Resolves when it is acknowledged. */
async function openWebSocket(gateway: TestGateway): Promise<Socket> {
  const socket = open(gateway);
  const request = [
    'GET /graphql HTTP/1.1',
    'host: localhost',
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol: graphql-transport-ws',
  ];
  socket.write(`${request.join('\r\n')}\r\n\r\n`);
  socket.write(textFrame('{"type":"connection_init"}'));
  await waitForText(socket, 'connection_ack');
  return socket;
}

/** Resolves when the text has been received. */
function waitForText(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => {
    let last = '';
    socket.on('data', (bytes) => {
      last = `${last.slice(-text.length)}${bytes.toString('latin1')}`;
      if (last.includes(text)) resolve();
    });
  });
}

/** Resolves with the order in which the promises settled. */
async function settlementOrder(tasks: Readonly<Record<string, Promise<unknown>>>): Promise<string[]> {
  const order: string[] = [];
  await Promise.all(
    Object.entries(tasks).map(async ([name, task]) => {
      await task;
      order.push(name);
    }),
  );
  return order;
}

describe('U1: a long operation', () => {
  const ALL = '{ sessions(first: 1000) { nodes { status { targets { id name type phase since } } } } }';

  it('U1: /healthz responds while a long HTTP operation runs', async () => {
    await using gateway = await start(100, 200);
    const asked = gateway.query<{ sessions: { nodes: unknown[] } }>(ALL);
    await new Promise(setImmediate);
    const order = await settlementOrder({ all: asked, health: fetch(`${gateway.origin}/healthz`) });
    expect(order).toEqual(['health', 'all']);
    expect((await asked).data.sessions.nodes).toHaveLength(100);
  });

  it.each<[string, (text: string) => string, (text: string) => string, (() => string)?]>([
    ['JSON with many keys', (text) => `content-length: ${text.length}`, (text) => text, () => LONG],
    ['JSON of unknown length', () => 'transfer-encoding: chunked', toChunk],
    [
      'invalid JSON of unknown length',
      () => 'transfer-encoding: chunked',
      toChunk,
      () => LONG.replace(']}}', '}}}'),
    ],
    [
      'JSON above the maximum length of a cache key',
      (text) => `content-length: ${text.length}`,
      (text) => text,
    ],
  ])(
    'U1: the gateway stays responsive when many bodies of %s are complete at once',
    async (_, lengthOf, encode, bodyOf) => {
      await using gateway = await start(1, 1);
      const clients = await Promise.all(
        Array.from({ length: 10 }, async (_unused, index) => {
          const body = bodyOf?.() ?? JSON.stringify({ query: `${CHAIN}${' '.repeat(70_000 + index)}` });
          const socket = open(gateway);
          const [first, rest] = [body.slice(0, -10), body.slice(-10)];
          const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${lengthOf(body)}`;
          await new Promise((resolve) => socket.write(`${head}\r\n\r\n${encode(first)}`, resolve));
          return { answered: once(socket, 'data'), finish: () => socket.write(encode(rest)), socket };
        }),
      );
      const health = open(gateway);
      await once(health, 'connect');
      await setTimeout(200);
      const answers = clients.map(({ answered }, index) => [`${index}`, answered] as const);
      for (const { finish } of clients) finish();
      health.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
      const order = await settlementOrder({ ...Object.fromEntries(answers), health: once(health, 'data') });
      expect(order).toHaveLength(11);
      expect(order.indexOf('health')).toBeLessThan(5);
      for (const { socket } of [...clients, { socket: health }]) socket.destroy();
    },
  );

  it.each<[string, Buffer, number]>([
    ['a message with many keys', textFrame(LONG), 1],
    ['5,000 messages', textFrame('{"type":"ping"}'), 5_000],
    ['20,000 pongs', encodeFrame(createFrame(OPCODES.pong, Buffer.alloc(0))), 20_000],
  ])(
    'U1: the gateway stays responsive when many WebSockets each send %s at once',
    async (_, frame, count) => {
      await using gateway = await start(1, 1);
      const frames = Array.from({ length: count }, () => frame);
      const bytes = Buffer.concat([...frames, textFrame('{}')]);
      const sockets = await Promise.all(Array.from({ length: 10 }, () => openWebSocket(gateway)));
      // The whole message except its last byte.
      const first = count === 1 ? bytes.subarray(0, frame.length - 10) : Buffer.alloc(0);
      await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.write(first, resolve))));
      const health = open(gateway);
      await once(health, 'connect');
      const rejected = sockets.map(
        (socket, index) => [`${index}`, waitForText(socket, 'Invalid message')] as const,
      );
      for (const socket of sockets) socket.write(bytes.subarray(first.length));
      health.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
      const order = await settlementOrder({ ...Object.fromEntries(rejected), health: once(health, 'data') });
      expect(order).toHaveLength(11);
      expect(order.indexOf('health')).toBeLessThan(5);
      for (const socket of [...sockets, health]) socket.destroy();
    },
  );

  it('U1: another operation of the same WebSocket is answered while a long operation runs', async () => {
    await using gateway = await start(100, 200);
    const client = await initWebSocket(gateway.webSocketUrl);
    client.send({ id: 'all', type: 'subscribe', payload: { query: ALL } });
    client.send({ id: 'one', type: 'subscribe', payload: { query: '{ gateway { version } }' } });
    const completed = () =>
      client.messages.flatMap(
        (message) => /"id":"(\w+)","type":"complete"/.exec(JSON.stringify(message))?.[1] ?? [],
      );
    await expect.poll(completed, { timeout: 20_000 }).toEqual(['one', 'all']);
    client.socket.terminate();
  });

  it('the result of a long operation shows one revision, although updates arrive meanwhile', async () => {
    await using gateway = await start(50, 200);
    const query = `{ ${['a', 'b', 'c'].map((name) => `${name}: targets { phase }`).join(' ')} }`;
    const asked = gateway.query<Record<string, { phase: string }[]>>(query);
    const change = setInterval(() => gateway.source.put(session('s0', createTargets(200, 'ready'))), 1);
    const { data } = await asked;
    clearInterval(change);
    const seen = Object.values(data).map((targets) => new Set(targets.map(({ phase }) => phase)).size);
    expect(new Set(seen).size).toBe(1);
  });

  it('the result of an operation executed in slices equals that of one execution', async () => {
    await using gateway = await start(3, 5);
    await using other = await start(3, 5);
    const query =
      '{ sessions { nodes { id counts { total } status { targets { id state { __typename } } } } } }';
    const aliased = `{ ${Array.from({ length: 40 }, (_, n) => `a${n}: sessions { nodes { id status { targets { id resources state { __typename } } } } }`).join(' ')} }`;
    const [small, large] = [await gateway.query(query), await other.query<Record<string, unknown>>(aliased)];
    expect(small).toEqual(await other.query(query));
    const one = await gateway.query<{ a0: unknown }>(aliased.slice(0, aliased.indexOf(' a1:')).concat(' }'));
    for (const part of Object.values(large.data)) expect(part).toEqual(one.data.a0);
  });

  it('S3: changes applied to a first payload that was executed in slices yield the newest state', async () => {
    await using gateway = await start(1, 3_000);
    const client = await initWebSocket(gateway.webSocketUrl);
    const query =
      'subscription { targetChanges { reset conflated changes { type target { id name phase since } } } }';
    client.send({ id: '1', type: 'subscribe', payload: { query } });
    await expect.poll(() => gateway.gateway.readers).toBe(1);
    for (const state of ['ready', 'failed', 'ready', 'failed'] as const) {
      gateway.source.put(session('s0', { ...createTargets(3_000, 'running'), 'target-7': state }));
      await new Promise(setImmediate);
    }
    const phases = () => {
      const held = new Map<string, string>();
      for (const message of client.messages) {
        const [, payload] = /"payload":(.*)}$/.exec(JSON.stringify(message)) ?? [];
        const changes = payload === undefined ? null : JSON.parse(payload).data?.targetChanges;
        if (changes?.reset) held.clear();
        for (const { target } of changes?.changes ?? []) held.set(target.name, target.phase);
      }
      return [held.size, held.get('target-7')];
    };
    await expect.poll(phases, { timeout: 20_000 }).toEqual([3_001, 'FAILED']);
    client.socket.terminate();
  });
});

describe('the limits of a response', () => {
  it.each([
    ['long strings', 20, 1_000],
    ['strings that are longer in bytes than in characters', 20, 30],
  ])('a response above the byte limit is rejected: %s', async (_, targets, characters) => {
    await using gateway = await start(0, 0, { limits: { responseBytes: 5_000 } });
    gateway.source.put(largeSession('a', targets, characters * (characters < 100 ? 10 : 1)));
    const { data, errors } = await gateway.query(
      `{ session { status { targets { ${WAIT_REASON_FIELDS} } } } }`,
    );
    expect(data).toBeUndefined();
    expect(errors).toEqual([
      {
        message:
          'The response has more than 5000 bytes (--limit responseBytes). Select fewer fields, or use pages.',
        extensions: { code: 'RESPONSE_TOO_LARGE' },
      },
    ]);
  });

  it('a payload above the byte limit is replaced by an error, and its subscription continues', async () => {
    await using gateway = await start(0, 0, { limits: { responseBytes: 5_000 } });
    gateway.source.put(largeSession('a', 20, 1_000));
    const client = await initWebSocket(gateway.webSocketUrl);
    const query = `subscription { session { status { targets { ${WAIT_REASON_FIELDS} } } } }`;
    client.send({ id: '1', type: 'subscribe', payload: { query } });
    await expect.poll(() => JSON.stringify(client.messages)).toContain('RESPONSE_TOO_LARGE');
    gateway.source.put(largeSession('a', 2, 10));
    await expect.poll(() => JSON.stringify(client.messages)).toContain('0 xxxxxxxxxx');
    client.socket.terminate();
  });

  it('a response lists at most 100 errors and the number of further errors', async () => {
    await using gateway = await start(1, 1, { federation: true });
    const representations = Array.from({ length: 1_000 }, () => ({ __typename: 'Junk' }));
    const { errors } = await gateway.query(
      'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }',
      { r: representations },
    );
    expect(errors).toHaveLength(101);
    expect(errors?.at(-1)).toEqual({ message: '900 more errors are not listed.' });
  });
});

describe('a client that does not read', () => {
  /** Larger than the socket buffers of a local connection. */
  const LONG = 16 * 2 ** 20;

  it.each([
    [
      'a response over HTTP',
      'application/json',
      `{ session { status { targets { ${WAIT_REASON_FIELDS} } } } }`,
    ],
    [
      'an event stream',
      'text/event-stream',
      `subscription { session { status { targets { ${WAIT_REASON_FIELDS} } } } }`,
    ],
  ])('S5: a client that reads nothing for 10 s is disconnected: %s', async (_, accept, query) => {
    const clock = createManualClock();
    await using gateway = await start(0, 0, { clock });
    gateway.source.put(largeSession('a', 16, LONG / 16));
    const socket = open(gateway);
    socket.pause();
    socket.write(formatRequest(query, accept));
    const closed = once(socket, 'close');
    await expect
      .poll(
        async () => {
          await clock.advance(2_500);
          return (await fetch(`${gateway.origin}/metrics`)).text();
        },
        { timeout: 25_000 },
      )
      .toMatch(/rejections_total\{reason="response_not_read"\} 1\n/);
    // The end is visible only after reading what the system has buffered.
    socket.resume();
    await closed;
    expect(gateway.gateway.readers).toBe(0);
  });
});

describe('the subscriptions of one WebSocket', () => {
  it('the subscriptions of one WebSocket together may cost as much as one operation', async () => {
    await using gateway = await start(1, 100, { limits: { complexity: 1_000 } });
    const client = await initWebSocket(gateway.webSocketUrl);
    for (const id of ['1', '2', '3', '4', '5']) {
      const query = `subscription S${id} { session { status { targets { id name } } } }`;
      client.send({ id, type: 'subscribe', payload: { query } });
    }
    await expect.poll(() => JSON.stringify(client.messages)).toContain('QUERY_TOO_COMPLEX');
    const rejected = client.messages.find((message) => JSON.stringify(message).includes('QUERY_TOO_COMPLEX'));
    expect(rejected).toMatchObject({
      id: '5',
      type: 'error',
      payload: [
        { message: expect.stringContaining('expected a complexity of at most 1000 in total, got 1025') },
      ],
    });
    client.socket.terminate();
  });

  it('S5: 20 subscriptions of a stuck WebSocket keep bounded memory over 80 updates of 1 MB', async () => {
    await using gateway = await start(0, 0);
    gateway.source.put(largeSession('a', 100, 10_000));
    const client = await initWebSocket(gateway.webSocketUrl);
    // The client must not keep messages either.
    client.socket.removeAllListeners('message');
    const newest = new Map<string, string>();
    client.socket.on('message', (bytes) => {
      const [, id = '', round = ''] =
        /^{"id":"(\d+)".*?"waitReason":"(\d+) /.exec(String(bytes).slice(0, 200)) ?? [];
      newest.set(id, round);
    });
    for (let id = 0; id < 20; id += 1) {
      const query = `subscription S${id} { session { status { targets { ${WAIT_REASON_FIELDS} } } } }`;
      client.send({ id: String(id), type: 'subscribe', payload: { query } });
    }
    await expect.poll(() => newest.size, { timeout: 30_000 }).toBe(20);
    client.socket.pause();
    const before = measureRetainedMemory();
    for (let round = 1; round <= 80; round += 1) {
      gateway.source.put(largeSession('a', 100, 10_000, round));
      await new Promise(setImmediate);
    }
    const { data } = await gateway.query(`{ session { status { targets { ${WAIT_REASON_FIELDS} } } } }`);
    expect(JSON.stringify(data)).toContain('"80 xxx');
    // 20 groups with 64 payloads each would be 1.3 GB.
    expect(measureRetainedMemory() - before).toBeLessThan(100 * 2 ** 20);
    client.socket.resume();
    await expect.poll(() => new Set(newest.values()), { timeout: 60_000 }).toEqual(new Set(['80']));
    client.socket.terminate();
  });
});

describe('TLS connections without a handshake', () => {
  async function openSilentSocket({ origin }: TestGateway): Promise<Socket> {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  async function ask({ origin }: TestGateway, ca: string): Promise<string> {
    const socket = connectTls({ port: Number(new URL(origin).port), host: '127.0.0.1', ca });
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    await once(socket, 'close');
    return text;
  }

  it('TLS connections without a handshake are limited in number', async () => {
    const { ca, server: tls } = await sharedTls();
    await using gateway = await start(0, 0, { tls, limits: { socketsPerAddress: 3 } });
    const sockets = await Promise.all(Array.from({ length: 3 }, () => openSilentSocket(gateway)));
    await expect.poll(() => ask(gateway, ca)).toMatch(/^HTTP\/1\.1 429 .*TOO_MANY_CONNECTIONS/s);
    let cut = 0;
    for (let n = 0; n < 100; n += 1) {
      const socket = await openSilentSocket(gateway);
      socket.once('close', () => {
        cut += 1;
      });
      socket.resume();
      sockets.push(socket);
    }
    await expect.poll(() => cut).toBe(50);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => ask(gateway, ca)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('TLS connections without a handshake are closed after the header timeout', async () => {
    const { ca, server: tls } = await sharedTls();
    await using gateway = await start(0, 0, { tls, limits: { socketsPerAddress: 3, headersMs: 200 } });
    const closed = await Promise.all(
      Array.from({ length: 3 }, async () => once((await openSilentSocket(gateway)).resume(), 'close')),
    );
    expect(closed).toHaveLength(3);
    await expect.poll(() => ask(gateway, ca)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
