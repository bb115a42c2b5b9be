import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway, startMemoryGateway, type TestGateway } from '../support/gateway.js';
import { createManualClock } from '../support/manual-clock.js';
import { openPausableSocket } from '../support/pausable-socket.js';
import { session, type TargetStates } from '../support/sessions.js';
import { openStuckReader } from '../support/stuck-reader.js';
import { initWebSocket, type WebSocketClient } from '../support/web-socket-client.js';

const SUBSCRIPTION = 'subscription { targetChanges { cursor reset conflated changes { target { name } } } }';

/** A protocol client that records every message. */
async function connect({ webSocketUrl }: TestGateway, { initialise = true } = {}) {
  const socket = new WebSocket(webSocketUrl, 'graphql-transport-ws');
  const messages: unknown[] = [];
  socket.on('message', (bytes) => messages.push(JSON.parse(String(bytes))));
  await once(socket, 'open');
  if (initialise) {
    socket.send(JSON.stringify({ type: 'connection_init' }));
    await once(socket, 'message');
  }
  return {
    socket,
    messages,
    send: (message: object) => socket.send(JSON.stringify(message)),
    closed: once(socket, 'close').then(([code, reason]) => [code, String(reason)]),
  };
}

function subscribe(id: string, query: string): object {
  return { id, type: 'subscribe', payload: { query } };
}

describe('GraphQL over WebSocket', () => {
  it('an invalid document over WebSocket is answered with errors, and the connection stays open', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const client = await connect(gateway);
    client.send({ id: '1', type: 'subscribe', payload: { query: '{' } });
    client.send({ id: '2', type: 'subscribe', payload: { query: '{ nothing }' } });
    client.send({ id: '3', type: 'subscribe', payload: { query: '{ session { id } }' } });
    await expect.poll(() => client.messages.length).toBeGreaterThanOrEqual(5);
    expect(client.messages).toMatchObject([
      { type: 'connection_ack', payload: { time: expect.stringMatching(/^20\d\d-.*Z$/) } },
      { id: '1', type: 'error', payload: [{ message: expect.stringContaining('Syntax Error') }] },
      { id: '2', type: 'error', payload: [{ message: 'Cannot query field "nothing" on type "Query".' }] },
      { id: '3', type: 'next', payload: { data: { session: { id: 'a/Tiltfile' } } } },
      { id: '3', type: 'complete' },
    ]);
    client.socket.close();
  });

  it.each([
    'subscription { session @skip(if: true) { id } }',
    'subscription { ...F @include(if: false) } fragment F on Subscription { session { id } }',
    'subscription { ... @skip(if: true) { session { id } } }',
    'subscription ($yes: Boolean = true) { session @include(if: $yes) { id } }',
  ])('a conditional subscription is rejected, and the connection stays open: %s', async (query) => {
    await using gateway = await startMemoryGateway([session('a')]);
    const client = await connect(gateway);
    client.send(subscribe('1', query));
    client.send(subscribe('2', 'query { session @skip(if: true) { id } }'));
    await expect.poll(() => client.messages.length).toBeGreaterThanOrEqual(4);
    const message =
      'Anonymous Subscription must not use "@skip" or "@include" in its top level selection. Use them on the fields within.';
    expect(client.messages.slice(1)).toEqual([
      { id: '1', type: 'error', payload: [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
      { id: '2', type: 'next', payload: { data: {} } },
      { id: '2', type: 'complete' },
    ]);
    const answer = await fetch(`${gateway.url}?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream' },
    });
    expect(await answer.text()).toContain(JSON.stringify(message));
    client.socket.close();
  });

  it('a subscription without session id is rejected with the list of ids when several Sessions are known', async () => {
    await using gateway = await startMemoryGateway([session('a'), session('b')]);
    const client = await connect(gateway);
    client.send({ id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION } });
    await expect
      .poll(() => JSON.stringify(client.messages))
      .toContain('Specify the id of one: a/Tiltfile, b/Tiltfile');
    client.socket.close();
  });

  it.each([
    ['a message that is not JSON', (socket: WebSocket) => socket.send('{'), 4400],
    [
      'a subscription before the connection is initialised',
      (socket: WebSocket) => socket.send('{"id":"1","type":"subscribe","payload":{"query":"{x}"}}'),
      4401,
    ],
    ['a message above 1 MB', (socket: WebSocket) => socket.send('x'.repeat(1_000_001)), 1009],
  ])('%s closes the WebSocket, and others stay open', async (_, send, code) => {
    await using gateway = await startMemoryGateway([session('a')]);
    const client = await connect(gateway, { initialise: false });
    send(client.socket);
    expect((await client.closed)[0]).toBe(code);
    expect(await gateway.query('{ session { id } }')).toEqual({ data: { session: { id: 'a/Tiltfile' } } });
  });

  it.each([
    ['a second connection_init', [{ type: 'connection_init' }], [4429, 'Too many initialisation requests']],
    [
      'an id in use',
      [subscribe('1', SUBSCRIPTION), subscribe('1', SUBSCRIPTION)],
      [4409, 'Subscriber for 1 already exists'],
    ],
    [
      'an id in use that is too long for a close reason',
      [subscribe('x'.repeat(200), SUBSCRIPTION), subscribe('x'.repeat(200), SUBSCRIPTION)],
      [4409, `Subscriber for ${'x'.repeat(105)}`],
    ],
    [
      'a message type that only servers send',
      [{ type: 'connection_ack' }],
      [4400, 'Unexpected message of type connection_ack received'],
    ],
    ['a message of an unknown type', [{ type: 'hello' }], [4400, 'Invalid message received']],
    [
      'a message without the required fields of its type',
      [{ type: 'subscribe', id: '1' }],
      [4400, 'Invalid message received'],
    ],
  ])('%s closes the WebSocket', async (_, messages, close) => {
    await using gateway = await startMemoryGateway([session('a')]);
    const client = await connect(gateway);
    for (const message of messages) client.send(message);
    expect(await client.closed).toEqual(close);
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('a WebSocket without connection_init within 3 s is closed', async () => {
    const clock = createManualClock();
    await using gateway = await startGateway({ clock });
    const client = await connect(gateway, { initialise: false });
    await expect.poll(() => clock.pending).toBeGreaterThan(0);
    await clock.advance(3_000);
    expect(await client.closed).toEqual([4408, 'Connection initialisation timeout']);
  });

  it('a ping is answered with a pong that has the same payload', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const client = await connect(gateway);
    client.send({ type: 'pong' });
    client.send({ type: 'ping' });
    client.send({ type: 'ping', payload: { at: 1 } });
    await expect
      .poll(() => client.messages.slice(1))
      .toEqual([{ type: 'pong' }, { type: 'pong', payload: { at: 1 } }]);
    client.socket.close();
  });

  it('S7: a subscription ends at once when the client completes it, even right after its start, and its id can be reused', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const client = await connect(gateway);
    for (let round = 1; round <= 3; round += 1) {
      client.send(subscribe('1', SUBSCRIPTION));
      client.send({ type: 'complete', id: '1' });
    }
    client.send({ type: 'complete', id: 'never begun' });
    client.send(subscribe('1', SUBSCRIPTION));
    await expect.poll(() => gateway.gateway.readers).toBe(1);
    client.send({ type: 'complete', id: '1' });
    await expect.poll(() => gateway.gateway.readers).toBe(0);
    client.socket.close();
  });

  it('S7: a subscription that is completed in the packet that starts it sends nothing under its id, which is used again', async () => {
    await using gateway = await startMemoryGateway([session('a'), session('b')]);
    const { held, client } = await openHeldClient(gateway.webSocketUrl);
    held.socket.cork();
    client.send(subscribe('1', 'subscription { session(id: "a/Tiltfile") { id } }'));
    client.send({ type: 'complete', id: '1' });
    client.send(subscribe('1', 'subscription { session(id: "b/Tiltfile") { id } }'));
    client.send({ type: 'ping' });
    held.socket.uncork();
    await expect.poll(() => client.messages).toContainEqual(expect.objectContaining({ type: 'pong' }));
    await expect.poll(() => client.messages.length).toBeGreaterThanOrEqual(3);
    const payloads = client.messages.filter((message) => idsOf([message]).size > 0);
    expect(payloads).toEqual([
      { id: '1', type: 'next', payload: { data: { session: { id: 'b/Tiltfile' } } } },
    ]);
    expect(gateway.gateway.readers).toBe(1);
    client.socket.close();
  });

  it('S7: a reader that does not answer a ping for 12 s is disconnected', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [session('a')]);
    await using gateway = await startGateway({ clock, providers: [source.provider] });
    await gateway.gateway.ready();
    const healthy = await connect(gateway);
    healthy.send(subscribe('1', SUBSCRIPTION));
    await using stuck = await openStuckReader(gateway.webSocketUrl, SUBSCRIPTION);
    await expect.poll(() => gateway.gateway.readers).toBe(2);
    const ponged = once(healthy.socket, 'ping');
    await clock.advance(12_000);
    await ponged;
    healthy.send({ type: 'ping' });
    await once(healthy.socket, 'message');
    await clock.advance(12_000);
    await expect.poll(() => gateway.gateway.readers).toBe(1);
    await stuck[Symbol.asyncDispose]();
    healthy.socket.close();
  });

  it('a WebSocket with another subprotocol is closed', async () => {
    await using gateway = await startMemoryGateway();
    const socket = new WebSocket(gateway.webSocketUrl, 'graphql-ws');
    const [error] = await once(socket, 'error');
    expect(String(error)).toContain('Server sent no subprotocol');
  });

  it('a WebSocket upgrade at any other path is rejected', async () => {
    await using gateway = await startMemoryGateway();
    const socket = new WebSocket(`${gateway.origin.replace('http', 'ws')}/other`, 'graphql-transport-ws');
    const [error] = await once(socket, 'error');
    expect(String(error)).toContain('404');
  });

  it('S4: a client resumes by cursor on a new connection without lost or duplicate changes', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    const query = `subscription ($since: String) { targetChanges(since: $since) {
      cursor reset changes { target { name phase } } } }`;
    const first = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
    const { value } = await first.iterate<{ targetChanges: { cursor: string } }>({ query }).next();
    const since = value?.data?.targetChanges.cursor;
    await first.dispose();
    gateway.source.put(session('a', { x: 'running' }));
    gateway.source.put(session('a', { x: 'ready' }));
    const second = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
    const stream = second.iterate<{ targetChanges: object }>({ query, variables: { since } });
    for (const phase of ['RUNNING', 'READY']) {
      expect((await stream.next()).value?.data?.targetChanges).toMatchObject({
        reset: false,
        changes: [{ target: { name: 'x', phase } }],
      });
    }
    await second.dispose();
  });

  it('S5: a stuck reader receives one conflated payload with the newest state and slows no other reader', async () => {
    // A manual clock, because on a busy machine the stuck reader would be closed after its 10 s.
    const source = createMemoryProvider('memory', [bigSession(0)]);
    await using gateway = await startGateway({ clock: createManualClock(), providers: [source.provider] });
    await gateway.gateway.ready();
    await using stuck = await openStuckReader(gateway.webSocketUrl, SUBSCRIPTION);
    const healthy = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
    const stream = healthy.iterate<{ targetChanges: { conflated: number } }>({ query: SUBSCRIPTION });
    await stream.next();
    for (let round = 1; round <= 400; round += 1) {
      source.put(bigSession(round));
      expect((await stream.next()).value?.data?.targetChanges.conflated).toBe(0);
    }
    const newest = await stuck.resume((data) => JSON.stringify(data).includes('"round-400'));
    expect(newest).toMatchObject({ targetChanges: { reset: false, conflated: expect.any(Number) } });
    expect(JSON.stringify(newest)).toMatch(/"conflated":[1-9]/);
    await healthy.dispose();
  });

  it('S5: a reader that reads nothing for 10 s is closed with 1013, after which clients reconnect', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [bigSession(0)]);
    await using gateway = await startGateway({ clock, providers: [source.provider] });
    await gateway.gateway.ready();
    await using stuck = await openStuckReader(gateway.webSocketUrl, SUBSCRIPTION);
    for (let round = 1; round <= 200; round += 1) {
      source.put(bigSession(round));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await clock.advance(10_000);
    await expect.poll(() => gateway.gateway.readers).toBe(0);
    expect(await stuck.closed()).toEqual([1013, 'Nothing was read for 10 s']);
  });

  it('S5: a reader that slowly reads a long payload stays connected, however long it takes in total', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [longSession(20)]);
    await using gateway = await startGateway({ clock, providers: [source.provider] });
    await gateway.gateway.ready();
    const { held, client } = await openHeldClient(gateway.webSocketUrl);
    client.socket.pause();
    const query = 'subscription { session { status { targets { name } } } }';
    client.send({ id: '1', type: 'subscribe', payload: { query } });
    // 16 s in total, and less than 10 s between two reads.
    for (const _ of [1, 2, 3, 4]) {
      await held.read(4 * 2 ** 20);
      await clock.advance(4_000);
    }
    client.socket.resume();
    await expect
      .poll(() => JSON.stringify(client.messages.at(-1)).slice(-200), { timeout: 20_000 })
      .toContain('the last one');
    expect(gateway.gateway.readers).toBe(1);
    client.socket.terminate();
  });

  it('S5: a client that starts 50 large subscriptions in one packet is sent as many payloads as it reads', async () => {
    const source = createMemoryProvider('memory', [longSession(1)]);
    await using gateway = await startGateway({ clock: createManualClock(), providers: [source.provider] });
    await gateway.gateway.ready();
    const { held, client } = await openHeldClient(gateway.webSocketUrl);
    client.socket.pause();
    subscribeOften(client, held.socket, 50);
    await expect.poll(() => gateway.gateway.readers).toBe(50);
    const first = await countPayloads(gateway);
    expect(first).toBeLessThan(20);
    await held.read(first * 2 ** 20);
    await expect.poll(() => countPayloads(gateway)).toBeGreaterThan(first);
    expect(await countPayloads(gateway)).toBeLessThan(first + 20);
    client.socket.resume();
    await expect.poll(() => idsOf(client.messages).size).toBe(50);
    client.socket.terminate();
  });

  it('S5: each of 30 large subscriptions of a busy client is sent its state, although all change with each payload', async () => {
    const source = createMemoryProvider('memory', [longSession(1)]);
    await using gateway = await startGateway({ clock: createManualClock(), providers: [source.provider] });
    await gateway.gateway.ready();
    const { held, client } = await openHeldClient(gateway.webSocketUrl);
    let round = 0;
    client.socket.on('message', () => {
      round += 1;
      source.put(longSession(1, `round ${round}`));
    });
    subscribeOften(client, held.socket, 30);
    await expect.poll(() => idsOf(client.messages).size).toBe(30);
    client.socket.terminate();
  });

  it('S7: a stopping gateway closes its readers with 1001 and then its port', async () => {
    const gateway = await startMemoryGateway([session('a')]);
    const client = await connect(gateway);
    client.send({ id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION } });
    await expect.poll(() => client.messages.length).toBe(2);
    await gateway[Symbol.asyncDispose]();
    expect(await client.closed).toEqual([1001, 'Going away']);
    await expect(fetch(gateway.origin)).rejects.toThrow();
    await gateway[Symbol.asyncDispose]();
  });

  it('S7: a reader whose connection is lost is freed', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const reader = await openStuckReader(gateway.webSocketUrl, SUBSCRIPTION);
    expect(gateway.gateway.readers).toBe(1);
    await reader[Symbol.asyncDispose]();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });
});

/** Opens a WebSocket whose client decides how many bytes it reads. */
async function openHeldClient(url: string) {
  const held = openPausableSocket(url);
  const client = await initWebSocket(url, undefined, { createConnection: () => held.socket });
  return { held, client };
}

/** Starts subscriptions in one packet. They have no payload in common, and each shows the whole Session. */
function subscribeOften({ send }: WebSocketClient, connection: Socket, count: number): void {
  connection.cork();
  for (let id = 0; id < count; id += 1)
    send(subscribe(String(id), `subscription { s${id}: session { status { targets { name } } } }`));
  connection.uncork();
}

/** Returns the ids of the operations that were sent a payload. */
function idsOf(messages: readonly unknown[]): ReadonlySet<string> {
  return new Set(
    messages.flatMap((message) => /^\{"id":"(\d+)","type":"next"/.exec(JSON.stringify(message))?.[1] ?? []),
  );
}

/** Returns the number of payloads that the gateway has sent to WebSockets. */
async function countPayloads({ origin }: TestGateway): Promise<number> {
  const metrics = await fetch(`${origin}/metrics`).then((response) => response.text());
  return Number(/^tilt_graphql_payloads_total\{transport="websocket"\} (\d+)$/m.exec(metrics)?.[1]);
}

/** Creates a Session whose target names have this many MiB in total, and end with `last`. */
function longSession(mebibytes: number, last = 'the last one'): ReturnType<typeof session> {
  const names = Array.from({ length: mebibytes }, (_, index) => `${index}-${'x'.repeat(2 ** 20 - 1_000)}`);
  return session('a', Object.fromEntries([...names, last].map((name) => [name, 'ready'])));
}

/** Creates a Session whose target names differ in every round, so that its changes are about 100 kB. */
function bigSession(round: number): ReturnType<typeof session> {
  const targets: Record<string, TargetStates[string]> = {};
  for (let index = 0; index < 50; index += 1)
    targets[`round-${round}-${index}-${'x'.repeat(1_000)}`] = 'ready';
  return session('a', targets);
}
