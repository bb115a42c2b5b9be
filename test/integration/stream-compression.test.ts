import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { constants, createGunzip, deflateRawSync } from 'node:zlib';
import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import WebSocket, { type ClientOptions } from 'ws';
import type { GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { largeSession, WAIT_REASON_FIELDS } from '../support/large-session.js';
import { session } from '../support/sessions.js';
import { initWebSocket } from '../support/web-socket-client.js';

const SUBSCRIPTION = 'subscription { session { status { targets { name phase type resources } } } }';
const QUERY = SUBSCRIPTION.replace('subscription', 'query');
const OFFER: ClientOptions = { perMessageDeflate: true };
const EXTENSION = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

/** Names of 50 services, whose payload has several kilobytes. */
const services = (phase: 'ready' | 'failed') =>
  session('a', Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`service-${index}`, phase])));

async function startCompressing(options: GatewayOptions = {}) {
  const source = createMemoryProvider('memory', [services('ready')]);
  const started = await startGateway({ providers: [source.provider], compress: 'always', ...options });
  await started.gateway.ready();
  return { ...started, source };
}

/** Connects, and counts the bytes that arrive. */
async function connect({ webSocketUrl }: TestGateway, options: ClientOptions = OFFER) {
  let bytes = 0;
  let extensions: string | undefined;
  const connecting = initWebSocket(webSocketUrl, undefined, {
    ...options,
    finishRequest(sent) {
      sent.on('upgrade', ({ headers }, socket) => {
        extensions = headers['sec-websocket-extensions'];
        socket.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
      });
      sent.end();
    },
  });
  const client = await connecting;
  return {
    ...client,
    extensions,
    /**
     * Sends an operation. Resolves with the payload of its n-th message, and the bytes since the last call.
     */
    async receive(count: number) {
      await expect.poll(() => client.messages.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
      const received = bytes;
      bytes = 0;
      return { message: client.messages[count - 1], bytes: received };
    },
  };
}

const subscribe = (query: string, id = '1') => ({ id, type: 'subscribe', payload: { query } });

describe('a compressed WebSocket', () => {
  it('compression is negotiated without context takeover, and a payload has the same content in a tenth of the bytes', async () => {
    await using gateway = await startCompressing();
    const plain = await connect(gateway, { perMessageDeflate: false });
    const compressed = await connect(gateway);
    expect([plain.extensions, compressed.extensions]).toEqual([undefined, EXTENSION]);
    for (const client of [plain, compressed]) client.send(subscribe(SUBSCRIPTION));
    for (const count of [2, 3, 4]) {
      const [of, to] = [await plain.receive(count), await compressed.receive(count)];
      expect(to.message).toEqual(of.message);
      expect(to.bytes).toBeLessThan(0.15 * of.bytes);
      gateway.source.put(services(count === 2 ? 'failed' : 'ready'));
    }
    for (const client of [plain, compressed]) client.socket.close();
  });

  it('readers with ids of different lengths share compressed payloads, also several in one write', async () => {
    await using gateway = await startCompressing();
    const client = await connect(gateway);
    const ids = ['1', 'x'.repeat(256), 'ü'.repeat(100)];
    for (const id of ids) client.send(subscribe(SUBSCRIPTION, id));
    await client.receive(4);
    gateway.source.put(services('failed'));
    gateway.source.put(services('ready'));
    await client.receive(4 + 2 * ids.length);
    const of = (id: string) =>
      client.messages.flatMap((message) =>
        typeof message === 'object' && message !== null && Reflect.get(message, 'id') === id
          ? [Reflect.get(message, 'payload')]
          : [],
      );
    expect(of('1')).toHaveLength(3);
    for (const id of ids) expect(of(id)).toEqual(of('1'));
    client.socket.close();
  });

  it('queries are compressed above 1 kB; short messages, and what follows them, stay plain', async () => {
    await using gateway = await startCompressing();
    const [plain, compressed] = [
      await connect(gateway, { perMessageDeflate: false }),
      await connect(gateway),
    ];
    for (const query of [QUERY, '{ __typename }', QUERY]) {
      const before = compressed.messages.length;
      for (const client of [plain, compressed]) client.send(subscribe(query));
      const [of, to] = [await plain.receive(before + 2), await compressed.receive(before + 2)];
      expect(compressed.messages.slice(before)).toEqual(plain.messages.slice(before));
      if (query === QUERY) expect(to.bytes).toBeLessThan(0.15 * of.bytes);
      else expect(to.bytes).toBe(of.bytes);
    }
    for (const client of [plain, compressed]) client.socket.close();
  });

  it('answers and payloads of megabytes are compressed, and what is unsent counts compressed', async () => {
    await using gateway = await startCompressing();
    gateway.source.put(largeSession('a', 20_000, 40));
    const fields = `{ session { status { targets { name phase ${WAIT_REASON_FIELDS} } } } }`;
    const [plain, compressed] = [
      await connect(gateway, { perMessageDeflate: false }),
      await connect(gateway),
    ];
    for (const client of [plain, compressed]) client.send(subscribe(fields, '1'));
    const [of, to] = [await plain.receive(3), await compressed.receive(3)];
    expect(of.bytes).toBeGreaterThan(1_500_000);
    expect(to.bytes).toBeLessThan(0.15 * of.bytes);
    for (const client of [plain, compressed]) client.send(subscribe(`subscription ${fields}`, '2'));
    const [first, second] = [await plain.receive(4), await compressed.receive(4)];
    expect(second.message).toEqual(first.message);
    expect(second.bytes).toBeLessThan(0.15 * first.bytes);
    for (const client of [plain, compressed]) client.socket.close();
    const metrics = async () => (await fetch(`${gateway.origin}/metrics`)).text();
    await expect.poll(metrics).toMatch(/unsent_large_bytes\{[^}]*\} 0\n/);
  });

  it('payloads that are long and compress to a few bytes do not count as unsent once they have arrived', async () => {
    const states = (phase: 'ready' | 'failed') =>
      session('a', Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`s${index}`, phase])));
    await using gateway = await startCompressing();
    gateway.source.put(states('ready'));
    const client = await connect(gateway);
    // Six fields of each target: costs more than a payload that is executed at once.
    const fields = ['a', 'b', 'c', 'd', 'e', 'f'].map((alias) => `${alias}:phase`).join(' ');
    client.send(subscribe(`subscription { session { status { targets { ${fields} } } } }`));
    for (const count of [2, 3, 4]) {
      expect((await client.receive(count)).bytes).toBeLessThan(4_096);
      gateway.source.put(states(count === 2 ? 'failed' : 'ready'));
    }
    const metrics = async () => (await fetch(`${gateway.origin}/metrics`)).text();
    await expect.poll(metrics).toMatch(/_unsent_large_bytes\{kind="payloads"\} 0\n/);
    expect(await metrics()).toMatch(/peak_unsent_large_bytes\{kind="payloads"\} [1-9]/);
    client.socket.close();
  });

  it.each([
    ['auto', undefined],
    ['never', undefined],
    ['always', EXTENSION],
  ] as const)('with the mode "%s" a client on this machine is offered %s', async (compress, expected) => {
    await using gateway = await startCompressing({ compress });
    const client = await connect(gateway);
    expect(client.extensions).toBe(expected);
    client.socket.close();
  });

  it('with the mode "auto" a client behind a trusted proxy is compressed by its own address', async () => {
    await using gateway = await startCompressing({ compress: 'auto', trustProxies: ['127.0.0.1'] });
    const far = await connect(gateway, { ...OFFER, headers: { 'x-forwarded-for': '203.0.113.7' } });
    const near = await connect(gateway, { ...OFFER, headers: { 'x-forwarded-for': '127.0.0.1' } });
    expect([far.extensions, near.extensions]).toEqual([EXTENSION, undefined]);
    for (const client of [far, near]) client.socket.close();
  });

  it('a graphql-ws client that compresses its messages receives the payloads', async () => {
    await using gateway = await startCompressing();
    class Compressing extends WebSocket {
      constructor(url: string, protocols: string | string[]) {
        super(url, protocols, { perMessageDeflate: { threshold: 0 } });
      }
    }
    const client = createClient({ url: gateway.webSocketUrl, webSocketImpl: Compressing });
    for (let again = 0; again < 5; again += 1) {
      const payloads = client.iterate({ query: SUBSCRIPTION });
      const { value } = await payloads.next();
      expect(value).toMatchObject({ data: { session: { status: { targets: expect.any(Array) } } } });
      await payloads.return?.();
    }
    await client.dispose();
  });
});

/** A masked frame with the bits FIN and RSV1. The mask is zero. */
function compressedFrame(payload: Buffer, opcode = 1): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0xc0 | opcode;
  head[1] = 0xff;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

/** Compresses as a client does (RFC 7692, section 7.2.1). */
function compressMessage(bytes: Buffer): Buffer {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, level: 9 }).subarray(0, -4);
}

describe('compressed messages of a client', () => {
  /** Connects, and sends bytes behind the handshake. */
  async function sendRaw(gateway: TestGateway, bytes: Buffer) {
    const client = await connect(gateway);
    const raw: unknown = Reflect.get(client.socket, '_socket');
    if (typeof raw === 'object' && raw !== null && 'write' in raw && typeof raw.write === 'function')
      raw.write(bytes);
    return client;
  }

  it.each([10_000_000, 1_000_000_000])(
    'a message that decompresses to %i zeros is closed with 1009, and memory stays bounded',
    async (length) => {
      await using gateway = await startCompressing();
      const part = deflateRawSync(Buffer.alloc(10_000_000), {
        finishFlush: constants.Z_SYNC_FLUSH,
        level: 9,
      });
      const bomb = Buffer.concat(Array.from({ length: length / 10_000_000 }, () => part)).subarray(0, -4);
      expect(bomb.length).toBeLessThan(1_000_000);
      const before = process.memoryUsage();
      let peak = before.arrayBuffers + before.external;
      const watch = setInterval(() => {
        const { arrayBuffers, external } = process.memoryUsage();
        peak = Math.max(peak, arrayBuffers + external);
      }, 1);
      const client = await sendRaw(gateway, compressedFrame(bomb));
      expect(await client.closed).toEqual([1009, '']);
      clearInterval(watch);
      expect(peak - before.arrayBuffers - before.external).toBeLessThan(20_000_000);
      expect(await gateway.query('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    },
  );

  it.each([
    ['junk', Buffer.from('not compressed'), 1007],
    ['a truncated stream', compressMessage(Buffer.from('{"type":"ping"}')).subarray(0, 6), 1007],
  ])('%s is closed with a protocol error, and others are served', async (_, payload, code) => {
    await using gateway = await startCompressing();
    const other = await connect(gateway);
    const client = await sendRaw(gateway, compressedFrame(payload));
    const [closed] = await client.closed;
    expect([code, 4400]).toContain(closed);
    other.send({ type: 'ping' });
    expect((await other.receive(2)).message).toEqual({ type: 'pong' });
    other.socket.close();
  });

  it('30 clients at once send messages in compressed fragments, with pings between them', async () => {
    await using gateway = await startCompressing();
    const clients = await Promise.all(
      Array.from({ length: 30 }, () => connect(gateway, { perMessageDeflate: { threshold: 0 } })),
    );
    const text = JSON.stringify(subscribe(QUERY));
    for (const { socket } of clients) {
      socket.send(text.slice(0, 9), { fin: false });
      socket.ping();
      socket.send(text.slice(9, 20), { fin: false });
      socket.send(text.slice(20), { fin: true });
    }
    for (const client of clients) {
      expect((await client.receive(2)).message).toMatchObject({ id: '1', type: 'next' });
      client.socket.close();
    }
  });

  it('clients that leave while their messages are decompressed harm nobody', async () => {
    await using gateway = await startCompressing();
    const other = await connect(gateway);
    const message = compressedFrame(compressMessage(Buffer.alloc(900_000, ' ')));
    for (let round = 0; round < 10; round += 1) {
      const clients = await Promise.all(
        Array.from({ length: 15 }, () => sendRaw(gateway, Buffer.concat([message, message, message]))),
      );
      for (const { socket } of clients) socket.terminate();
    }
    other.send({ type: 'ping' });
    expect((await other.receive(2)).message).toEqual({ type: 'pong' });
    other.socket.close();
  });

  it('a compressed frame on a connection without compression is closed with 1002', async () => {
    await using gateway = await startCompressing({ compress: 'never' });
    const client = await sendRaw(gateway, compressedFrame(compressMessage(Buffer.from('{"type":"ping"}'))));
    expect((await client.closed)[0]).toBe(1002);
  });

  it('a malformed offer is ignored, and the handshake succeeds', async () => {
    await using gateway = await startCompressing();
    const headers = { 'sec-websocket-extensions': 'permessage-deflate; nonsense=";,' };
    const client = await connect(gateway, { perMessageDeflate: false, headers });
    expect(client.extensions).toBeUndefined();
    client.socket.close();
  });
});

/** Opens an event stream. Its text grows as events are decompressed. */
async function openStream({ url }: TestGateway, headers: Record<string, string>) {
  const sent = request(`${url}?query=${encodeURIComponent(SUBSCRIPTION)}`, {
    headers: { accept: 'text/event-stream', ...headers },
    agent: false,
  });
  sent.end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (!response) throw new Error('Expected a response.');
  let bytes = 0;
  let text = '';
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const isCompressed = response.headers['content-encoding'] === 'gzip';
  const plain = isCompressed ? response.pipe(createGunzip({ flush: constants.Z_SYNC_FLUSH })) : response;
  plain.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  return {
    response,
    bytes: () => bytes,
    events: () => text.split('\n\n').filter((event) => event.startsWith('event')),
    close: () => sent.destroy(),
  };
}

describe('a compressed event stream', () => {
  it('each event arrives at once, with the same content in less than a fifth of the bytes', async () => {
    await using gateway = await startCompressing();
    const plain = await openStream(gateway, {});
    const gzip = await openStream(gateway, { 'accept-encoding': 'gzip, br' });
    expect(gzip.response.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'text/event-stream',
      vary: expect.stringContaining('accept-encoding'),
    });
    for (const count of [1, 2, 3]) {
      await expect.poll(() => [plain.events().length, gzip.events().length]).toEqual([count, count]);
      expect(gzip.events()).toEqual(plain.events());
      gateway.source.put(services(count === 1 ? 'failed' : 'ready'));
    }
    expect(gzip.bytes()).toBeLessThan(0.2 * plain.bytes());
    for (const stream of [plain, gzip]) stream.close();
  });

  it('short events in a compressed stream are readable, and cost 15 bytes more at most', async () => {
    await using gateway = await startCompressing();
    const short = services('ready');
    gateway.source.put({ ...short, status: { ...short.status, targets: short.status.targets.slice(0, 2) } });
    const plain = await openStream(gateway, {});
    const gzip = await openStream(gateway, { 'accept-encoding': 'gzip' });
    await expect.poll(() => [plain.events().length, gzip.events().length]).toEqual([1, 1]);
    expect(gzip.events()).toEqual(plain.events());
    expect(gzip.bytes() - plain.bytes()).toBeLessThanOrEqual(10 + 2 * 15);
    for (const stream of [plain, gzip]) stream.close();
  });

  it.each([
    ['auto', 'gzip', undefined],
    ['never', 'gzip', undefined],
    ['always', 'br', undefined],
    ['always', 'gzip;q=0', undefined],
    ['always', 'gzip', 'gzip'],
  ] as const)(
    'mode %s, Accept-Encoding %s: a stream on this machine has the coding %s',
    async (compress, accepted, expected) => {
      await using gateway = await startCompressing({ compress });
      const stream = await openStream(gateway, { 'accept-encoding': accepted });
      expect(stream.response.headers['content-encoding']).toBe(expected);
      await expect.poll(() => stream.events().length).toBe(1);
      stream.close();
    },
  );
});
