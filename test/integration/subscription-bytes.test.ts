import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { openPausableSocket } from '../support/pausable-socket.js';
import { measureRetainedMemory } from '../support/retained-memory.js';
import { session } from '../support/sessions.js';
import { initWebSocket, type WebSocketClient } from '../support/web-socket-client.js';

const FILTERED =
  'subscription ($r: [String!]) { targetChanges(session: "a/Tiltfile", where: { resource: $r }) { cursor } }';

/** Names of 1,000 characters, of which the first differs. */
function namesOf(count: number, first: string): string[] {
  return [first, ...Array.from({ length: count - 1 }, (_, n) => String(n).padStart(1_000, 'x'))];
}

async function start(options: GatewayOptions = {}): Promise<TestGateway> {
  const { provider } = createMemoryProvider('memory', [session('a')]);
  const gateway = await startGateway({ ...options, providers: [provider] });
  await gateway.gateway.ready();
  return gateway;
}

/** Subscribes, and returns the type of the first answer: `next`, or the code of the error. */
async function subscribe(client: WebSocketClient, id: string, payload: object): Promise<string> {
  client.send({ id, type: 'subscribe', payload });
  const answer = () =>
    JSON.stringify(client.messages.find((message) => Reflect.get(Object(message), 'id') === id));
  await expect.poll(answer, { timeout: 20_000 }).toBeDefined();
  return /"code":"(\w+)"/.exec(answer())?.[1] ?? /"type":"(\w+)"/.exec(answer())?.[1] ?? '';
}

/** Subscribes over server-sent events. Returns the first event with a payload, and ends the stream. */
async function stream({ url }: TestGateway, body: object) {
  const abort = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(body),
    signal: abort.signal,
  });
  let text = '';
  for await (const chunk of response.body?.values({ preventCancel: true }) ?? []) {
    text += new TextDecoder().decode(chunk);
    if (text.includes('data: {')) break;
  }
  return { text, end: () => abort.abort() };
}

const countRejected = async ({ origin }: TestGateway) =>
  (await (await fetch(`${origin}/metrics`)).text()).match(
    /rejections_total\{reason="subscriptions_too_large"\} (\d+)/,
  )?.[1];

const HEADERS = 'content-type: application/json\r\naccept: text/event-stream\r\n';

const TOO_LARGE = 'SUBSCRIPTIONS_TOO_LARGE';

describe('the memory of the requests of running subscriptions', () => {
  it('a WebSocket keeps the variables of three subscriptions with 951 names of 1,000 characters, and the others are rejected', async () => {
    await using gateway = await start();
    const client = await initWebSocket(gateway.webSocketUrl);
    await subscribe(client, 'warm', { query: FILTERED, variables: { r: namesOf(951, 'warm') } });
    client.send({ id: 'warm', type: 'complete' });
    const before = measureRetainedMemory();
    const answers: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const variables = { r: namesOf(951, `u${n}`) };
      answers.push(await subscribe(client, `s${n}`, { query: FILTERED, variables }));
    }
    expect(answers).toEqual(['next', 'next', 'next', TOO_LARGE, TOO_LARGE, TOO_LARGE]);
    // Each keeps its names once, with the objects that it counts, and not as a key too.
    expect(measureRetainedMemory() - before).toBeLessThan(4_000_000);
    expect(JSON.stringify(client.messages.at(-1))).toMatch(/at most 4194304 bytes in total, got \d{7} /);
    expect(await countRejected(gateway)).toBe('3');
    client.send({ id: 's0', type: 'complete' });
    const again = { query: FILTERED, variables: { r: namesOf(951, 'again') } };
    expect(await subscribe(client, 'again', again)).toBe('next');
    client.socket.terminate();
  });

  it('variables that the operation does not define are not kept', async () => {
    await using gateway = await start({ limits: { subscriptionBytes: 160_000 } });
    const client = await initWebSocket(gateway.webSocketUrl);
    const variables = { r: ['x'], unused: namesOf(100, 'x') };
    expect(await subscribe(client, 'unused', { query: FILTERED, variables })).toBe('next');
    client.socket.terminate();
  });

  it('many short values count with the memory of their objects', async () => {
    await using gateway = await start({ limits: { subscriptionBytes: 1_600_000 } });
    const client = await initWebSocket(gateway.webSocketUrl);
    const variables = { r: Array.from({ length: 1_000 }, (_, n) => `${n}`) };
    expect(await subscribe(client, 'short', { query: FILTERED, variables })).toBe(TOO_LARGE);
    client.socket.terminate();
  });

  it('equal documents of a WebSocket count once, and different ones each', async () => {
    await using gateway = await start({ limits: { subscriptionBytes: 1_600_000 } });
    const client = await initWebSocket(gateway.webSocketUrl);
    const long = (name: string) =>
      `subscription ${name}($id: ID) { session(id: $id) { ${'id '.repeat(150)} } }`;
    for (let n = 0; n < 10; n += 1) {
      const payload = { query: long('Same'), variables: { id: `${n}` } };
      expect(await subscribe(client, `same${n}`, payload)).toBe('next');
    }
    expect(await subscribe(client, 'other', { query: long('Other') })).toBe(TOO_LARGE);
    client.socket.terminate();
  });

  it('all clients together have a limit, over server-sent events too, and equal subscriptions count once', async () => {
    await using gateway = await start({ limits: { subscriptionBytes: 150_000 } });
    const ask = (first: string) => stream(gateway, { query: FILTERED, variables: { r: namesOf(90, first) } });
    const first = await ask('first');
    expect(first.text).toContain('"cursor"');
    const equal = await ask('first');
    expect(equal.text).toContain('"cursor"');
    const other = await ask('other');
    expect(other.text).toContain(TOO_LARGE);
    expect(await countRejected(gateway)).toBe('1');
    first.end();
    expect((await ask('another')).text).toContain(TOO_LARGE);
    equal.end();
    await expect.poll(async () => (await ask('last')).text, { timeout: 10_000 }).toContain('"cursor"');
  });

  it('an event stream does not keep the body of its request', async () => {
    await using gateway = await start();
    const body = {
      query: 'subscription { sessionChanges { cursor } }',
      variables: { unused: namesOf(60, 'x') },
    };
    const json = JSON.stringify(body);
    const open = async () => {
      const client = openPausableSocket(gateway.origin);
      client.socket.write(
        `POST /graphql HTTP/1.1\r\nhost: localhost\r\n${HEADERS}content-length: ${json.length}\r\n\r\n`,
      );
      client.socket.write(json);
      await client.read(1);
      return client;
    };
    const warm = await open();
    const before = measureRetainedMemory();
    const clients = [];
    for (let n = 0; n < 40; n += 1) clients.push(await open());
    const bytes = (measureRetainedMemory() - before) / clients.length;
    console.log(`An event stream and its client keep ${Math.round(bytes)} bytes.`);
    expect(bytes).toBeLessThan(40_000);
    for (const { socket } of [warm, ...clients]) socket.destroy();
  });
});
