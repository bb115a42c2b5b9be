import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createGateway, type GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { largeSession, WAIT_REASON_FIELDS } from '../support/large-session.js';
import { createManualClock } from '../support/manual-clock.js';
import { openPausableSocket, type PausableSocket } from '../support/pausable-socket.js';
import { initWebSocket } from '../support/web-socket-client.js';

const MIB = 2 ** 20;

/** Larger than the socket buffers of a local connection. */
const LONG = 16 * MIB;

/** Memory for two long responses. A third one could be as long as the maximum. */
const TWO_RESPONSES: GatewayOptions = { limits: { responseBytes: 17 * MIB, unsentBytes: 49 * MIB } };

/** Memory for one response. */
const ONE_ANSWER: GatewayOptions = { limits: { unsentBytes: 1 } };

/** Starts a gateway whose responses to {@link longQuery} have {@link LONG} bytes. */
async function start(options: GatewayOptions, targets = 16): Promise<TestGateway> {
  const source = createMemoryProvider('wordy', [largeSession('a', targets, LONG / targets)]);
  const gateway = await startGateway({ providers: [source.provider], ...options });
  await gateway.gateway.ready();
  return gateway;
}

function longQuery(name: string): string {
  return `{ ${name}: session { status { targets { ${WAIT_REASON_FIELDS} } } } }`;
}

/** Document that selects more than 10,000 fields with 2,000 targets. */
const COSTLY = `{ session { status { targets { id name type phase since ${WAIT_REASON_FIELDS} } } } }`;

/** Sends a query over HTTP and then reads nothing. */
function sendQuery(
  { origin }: Pick<TestGateway, 'origin'>,
  query: string,
  accept = 'application/json',
): PausableSocket {
  const held = openPausableSocket(origin);
  held.pause();
  writeQuery(held, query, accept);
  return held;
}

function writeQuery({ socket }: PausableSocket, query: string, accept = 'application/json'): void {
  const path = `/graphql?query=${encodeURIComponent(query)}`;
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: ${accept}\r\n\r\n`);
}

/** The same. Resolves when the response is being sent. */
async function sendQueryUntilResponse(
  gateway: Pick<TestGateway, 'origin'>,
  query: string,
): Promise<PausableSocket> {
  const held = sendQuery(gateway, query);
  await expect
    .poll(async () => (await readLargeMetrics(gateway)).unsent, { timeout: 20_000 })
    .toBeGreaterThan(16);
  return held;
}

/** Opens an initialized WebSocket that then reads nothing. */
async function openPausedWebSocket(gateway: TestGateway) {
  const held = openPausableSocket(gateway.webSocketUrl);
  const client = await initWebSocket(gateway.webSocketUrl, undefined, {
    createConnection: () => held.socket,
  });
  client.socket.pause();
  return client;
}

/** Reads the metrics of large responses or of large payloads. */
async function readLargeMetrics(
  { origin }: Pick<TestGateway, 'origin'>,
  kind: 'responses' | 'payloads' = 'responses',
) {
  const page = await (await fetch(`${origin}/metrics`)).text();
  const read = (name: string) => Number(new RegExp(`^${name}(?:{.*})? (.*)$`, 'm').exec(page)?.[1]);
  return {
    waiting: read(`tilt_graphql_queued_large_operations{kind="${kind}"}`),
    unsent: read(`tilt_graphql_unsent_large_bytes{kind="${kind}"}`) / MIB,
    peak: read(`tilt_graphql_peak_unsent_large_bytes{kind="${kind}"}`) / MIB,
    busy: read('tilt_graphql_rejections_total{reason="server_busy"}'),
    notRead: read('tilt_graphql_rejections_total{reason="response_not_read"}'),
  };
}

/** Reads a response until its end. */
function readResponse(socket: PausableSocket): Promise<string> {
  const chunks: Buffer[] = [];
  let left = Number.POSITIVE_INFINITY;
  return new Promise((resolve, reject) => {
    socket.socket.once('close', () => reject(new Error('The connection closed.')));
    socket.socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunks.length === 1) {
        const head = chunk.toString('latin1').split('\r\n\r\n', 1).join();
        const [, length] = /^content-length: (\d+)$/im.exec(head) ?? [];
        left = head.length + 4 + Number(length);
      }
      left -= chunk.length;
      if (left > 0) return;
      resolve(Buffer.concat(chunks).toString());
      socket.socket.destroy();
    });
    socket.resume();
  });
}

function parseBody(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

describe('large responses', () => {
  it('large responses to 20 clients that do not read stay within the memory limit, and are complete when read', async () => {
    await using gateway = await start(TWO_RESPONSES);
    const clients = Array.from({ length: 20 }, (_, index) => sendQuery(gateway, longQuery(`a${index}`)));
    // Two are being sent. One of the other 18 waits for memory.
    await expect
      .poll(async () => (await readLargeMetrics(gateway)).unsent, { timeout: 20_000 })
      .toBeGreaterThan(32);
    await expect.poll(() => readLargeMetrics(gateway), { timeout: 20_000 }).toMatchObject({ waiting: 17 });
    expect((await readLargeMetrics(gateway)).unsent).toBeLessThan(33);
    expect((await gateway.query('{ gateway { version } }')).errors).toBeUndefined();
    const sizes = await Promise.all(
      clients.map(async (client, index) => {
        const answer = await readResponse(client);
        expect(answer.slice(0, 15)).toBe('HTTP/1.1 200 OK');
        return JSON.parse(parseBody(answer)).data[`a${index}`].status.targets.length;
      }),
    );
    expect(sizes).toEqual(Array.from({ length: 20 }, () => 16));
    await expect.poll(() => readLargeMetrics(gateway)).toMatchObject({ waiting: 0, unsent: 0, busy: 0 });
    expect((await readLargeMetrics(gateway)).peak).toBeLessThan(49);
  });

  it('pipelined requests are executed one by one, so that only one response waits for a client that does not read', async () => {
    await using gateway = await start({});
    const names = Array.from({ length: 20 }, (_, n) => `a${n}`);
    const client = await sendQueryUntilResponse(gateway, longQuery('first'));
    for (const name of names) writeQuery(client, longQuery(name));
    for (let turns = 0; turns < 20; turns += 1) await fetch(`${gateway.origin}/healthz`);
    expect((await readLargeMetrics(gateway)).peak).toBeLessThan(17);
    let bytes = 0;
    client.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    client.resume();
    await expect.poll(() => bytes, { timeout: 60_000 }).toBeGreaterThan(21 * LONG);
    expect((await readLargeMetrics(gateway)).peak).toBeLessThan(17);
    client.socket.destroy();
  });

  it('a client that does not read leaves memory for large responses to others', async () => {
    await using gateway = await start(TWO_RESPONSES);
    const stuck = await sendQueryUntilResponse(gateway, longQuery('stuck'));
    for (const name of ['a', 'b', 'c', 'd']) {
      const { data } = await gateway.query<Record<string, { status: { targets: unknown[] } }>>(
        longQuery(name),
      );
      expect(data[name]?.status.targets).toHaveLength(16);
    }
    expect((await readLargeMetrics(gateway)).unsent).toBeGreaterThan(16);
    stuck.socket.destroy();
    await expect.poll(() => readLargeMetrics(gateway)).toMatchObject({ unsent: 0 });
  });

  it('large operations are rejected with 503 when too many wait, over HTTP and WebSocket', async () => {
    await using gateway = await start({ limits: { unsentBytes: 1, queuedOperations: 2 } });
    const first = await sendQueryUntilResponse(gateway, longQuery('first'));
    // The next one in line does not count as waiting.
    const others = ['a', 'b', 'c'].map((name) => sendQuery(gateway, longQuery(name)));
    await expect.poll(async () => (await readLargeMetrics(gateway)).waiting).toBe(2);
    const response = await fetch(`${gateway.url}?query=${encodeURIComponent(longQuery('more'))}`, {
      headers: { accept: 'application/json' },
    });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    const message = 'Too many large operations are queued. Try again later, or select fewer fields.';
    const errors = [{ message, extensions: { code: 'SERVER_BUSY' } }];
    expect(await response.json()).toEqual({ errors });
    const client = await initWebSocket(gateway.webSocketUrl);
    client.send({ id: '1', type: 'subscribe', payload: { query: longQuery('more') } });
    await expect.poll(() => client.messages).toContainEqual({ id: '1', type: 'next', payload: { errors } });
    client.socket.terminate();
    expect(await readLargeMetrics(gateway)).toMatchObject({ busy: 2 });
    const answers = await Promise.all([first, ...others].map(readResponse));
    for (const answer of answers) expect(answer.slice(0, 15)).toBe('HTTP/1.1 200 OK');
  });

  it('S5: a large response whose client reads nothing for 10 s is cancelled for those of others', async () => {
    const clock = createManualClock();
    await using gateway = await start({ ...ONE_ANSWER, clock });
    const stuck = await sendQueryUntilResponse(gateway, longQuery('stuck'));
    const waiting = gateway.query<Record<string, unknown>>(longQuery('waiting'));
    await expect
      .poll(async () => {
        await clock.advance(2_500);
        return (await readLargeMetrics(gateway)).notRead;
      })
      .toBe(1);
    expect(Object.keys((await waiting).data)).toEqual(['waiting']);
    stuck.socket.destroy();
  });

  it('on a server without write deadline, a large response is cancelled after a minute, and only if others wait', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('wordy', [largeSession('a', 16, MIB)]);
    const gateway = createGateway({ ...ONE_ANSWER, providers: [source.provider], clock });
    const server = createServer((request, response) => gateway.handle(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const stuck = await sendQueryUntilResponse({ origin }, longQuery('stuck'));
    await clock.advance(120_000);
    expect(await readLargeMetrics({ origin })).toMatchObject({ notRead: 0 });
    const waiting = sendQuery({ origin }, longQuery('waiting'));
    await expect
      .poll(async () => {
        await clock.advance(2_500);
        return (await readLargeMetrics({ origin })).notRead;
      })
      .toBe(1);
    expect(await readResponse(waiting)).toContain('"waiting"');
    stuck.socket.destroy();
    await gateway.close();
    server.closeAllConnections();
    server.close();
  });

  it('equal large operations in flight are executed once and share their bytes', async () => {
    await using gateway = await start({ limits: { unsentBytes: 1, queuedOperations: 1 } }, 2_000);
    const first = await sendQueryUntilResponse(gateway, longQuery('first'));
    const next = sendQuery(gateway, longQuery('next'));
    // Besides the next one in line, only one may wait.
    const clients = Array.from({ length: 5 }, () => sendQuery(gateway, COSTLY));
    await expect.poll(async () => (await readLargeMetrics(gateway)).waiting).toBe(1);
    const [, , ...answers] = await Promise.all([first, next, ...clients].map(readResponse));
    for (const answer of answers) expect(answer.slice(0, 15)).toBe('HTTP/1.1 200 OK');
    expect(new Set(answers.map(parseBody)).size).toBe(1);
    await expect.poll(() => readLargeMetrics(gateway)).toMatchObject({ unsent: 0, busy: 0 });
    expect((await readLargeMetrics(gateway)).peak).toBeLessThan(17);
  });

  it('large responses of one WebSocket are executed one by one as it reads, so that other clients are not delayed', async () => {
    await using gateway = await start(TWO_RESPONSES);
    const client = await openPausedWebSocket(gateway);
    const ids = ['1', '2', '3', '4', '5'];
    for (const id of ids) {
      client.send({ id, type: 'subscribe', payload: { query: longQuery(`a${id}`) } });
    }
    await expect.poll(async () => (await readLargeMetrics(gateway)).unsent).toBeGreaterThan(16);
    expect(Object.keys((await gateway.query<object>(longQuery('other'))).data)).toEqual(['other']);
    const held = await readLargeMetrics(gateway);
    expect(held.waiting).toBe(0);
    expect(held.unsent).toBeLessThan(17);
    client.socket.resume();
    const completed = () =>
      client.messages.flatMap(
        (message) => /^{"id":"(\d)","type":"complete"/.exec(JSON.stringify(message))?.[1] ?? [],
      );
    await expect.poll(completed, { timeout: 30_000, interval: 500 }).toEqual(ids);
    await expect.poll(() => readLargeMetrics(gateway)).toMatchObject({ unsent: 0 });
    client.socket.terminate();
  });
});

describe('large payloads of subscriptions', () => {
  it('large payloads stay within the memory limit and reach each reader when it reads', async () => {
    await using gateway = await start(TWO_RESPONSES);
    const subscription = (name: string) => `subscription S${name} ${longQuery(name)}`;
    const stream = sendQuery(gateway, subscription('sse'), 'text/event-stream');
    await expect.poll(async () => (await readLargeMetrics(gateway, 'payloads')).unsent).toBeGreaterThan(16);
    const clients = await Promise.all(['1', '2', '3'].map(() => openPausedWebSocket(gateway)));
    for (const [id, client] of clients.entries()) {
      client.send({ id: `${id}`, type: 'subscribe', payload: { query: subscription(`w${id}`) } });
    }
    // Of the three, one is sent, one is next in line, and one waits.
    await expect
      .poll(() => readLargeMetrics(gateway, 'payloads'), { timeout: 20_000 })
      .toMatchObject({ waiting: 1 });
    expect((await readLargeMetrics(gateway, 'payloads')).unsent).toBeLessThan(33);
    for (const { socket } of clients) socket.resume();
    stream.resume();
    const beginnings = () => clients.map(({ messages }) => JSON.stringify(messages.at(-1)).slice(0, 60));
    await expect
      .poll(beginnings, { timeout: 30_000, interval: 500 })
      .toEqual([0, 1, 2].map((id) => expect.stringContaining(`"w${id}"`)));
    await expect.poll(() => stream.bytes, { timeout: 30_000 }).toBeGreaterThan(LONG);
    await expect.poll(() => readLargeMetrics(gateway, 'payloads')).toMatchObject({ unsent: 0, waiting: 0 });
    expect((await readLargeMetrics(gateway, 'payloads')).peak).toBeLessThan(49);
    expect(gateway.gateway.readers).toBe(4);
    for (const { socket } of clients) socket.terminate();
    stream.socket.destroy();
  });

  it('a large payload of a reader that left before its execution is not counted', async () => {
    await using gateway = await start(ONE_ANSWER);
    const subscribe = (name: string) =>
      sendQuery(gateway, `subscription ${longQuery(name)}`, 'text/event-stream');
    const first = subscribe('first');
    await expect.poll(async () => (await readLargeMetrics(gateway, 'payloads')).unsent).toBeGreaterThan(16);
    const [left, stayed] = [subscribe('next'), subscribe('next')];
    await expect.poll(() => gateway.gateway.readers).toBe(3);
    left.socket.destroy();
    await expect.poll(() => gateway.gateway.readers).toBe(2);
    for (const { resume: release } of [first, stayed]) release();
    await expect.poll(() => stayed.bytes, { timeout: 30_000 }).toBeGreaterThan(LONG);
    await expect.poll(() => readLargeMetrics(gateway, 'payloads')).toMatchObject({ unsent: 0, waiting: 0 });
    for (const { socket } of [first, stayed]) socket.destroy();
  });
});
