import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/lib/clock.js';
import { type Bucket, type OpenOptions, openBucket } from '../../../src/nats/bucket.js';
import { connectNats } from '../../../src/nats/connection.js';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import { parseAddress } from '../../../src/nats/settings.js';
import { followBucket } from '../../support/follow-bucket.js';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { startProviderWatch } from '../../support/provider-watch.js';
import { session } from '../../support/sessions.js';
import { openTcpProxy } from '../../support/tcp-proxy.js';
import { openTestBucket, type TestBucket } from '../../support/test-bucket.js';
import { startPublisher, type TestPublisher } from '../../support/test-publisher.js';

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats[Symbol.asyncDispose]());

const PATIENCE = { timeout: 20_000 };
/** Heartbeats every 0.5 s. */
const SETTINGS = { presenceMs: 1_500 };
const NAMES = ['host.a', 'host.b', 'host.c'];
const REPORT = 'host.a.one=231';
const sessions = NAMES.map((instance) => session(instance));

/** Keys of new messages in the presence bucket. */
function listenTo({ bucket }: TestBucket): { readonly keys: string[] } {
  const prefix = `$KV.${bucket.address.bucket}_presence.`;
  const keys: string[] = [];
  bucket.connection.subscribe(`${prefix}>`, {
    callback: (_, { subject }) => void keys.push(subject.slice(prefix.length)),
  });
  return { keys };
}

const countOf = (keys: readonly string[], key: string) => keys.filter((other) => other === key).length;

function read(address: string) {
  const watching = startProviderWatch(createNatsProvider({ address, clock: systemClock }));
  return {
    /** Number of states without a connection that is not live. */
    live: () =>
      watching.changes.filter((change) => change.type === 'upsert' && !('connection' in change)).length,
    stale: () => watching.changes.filter(({ type }) => type === 'stale'),
    ids: () => [...watching.state.sessions.keys()].sort(),
    [Symbol.asyncDispose]: async () => watching.abort(),
  };
}

describe('a gateway that starts before the publishers after a restart of the broker', () => {
  it.each([
    ['with the presence time in its description', true],
    ['of an earlier version, without a description', false],
  ])('leaves them the presence time of a bucket %s', async (_, isDescribed) => {
    await using server = await startNats();
    const address = server.address('b');
    const settings = { presenceMs: 60_000 };
    const first = startPublisher({ address, settings, sessions: [session('ci')] });
    const { manager, sessionStream } = await first.broker.bucket();
    await expect.poll(async () => (await manager.streams.info(sessionStream)).state.messages).toBe(1);
    if (!isDescribed) await manager.streams.update(sessionStream, { description: '' });
    await first[Symbol.asyncDispose]();
    await server.kill();
    await server.start();
    await using gateway = followBucket(address);
    await expect.poll(() => gateway.states().length, PATIENCE).toBe(1);
    await using again = startPublisher({ address, settings, takeOver: true, sessions: [session('ci')] });
    const { presenceMs } = await again.broker.bucket();
    expect([presenceMs, again.lines]).toEqual([60_000, []]);
    await expect.poll(gateway.states, PATIENCE).toEqual(['ci/Tiltfile live']);
  });
});

describe('a bucket whose presence bucket was lost in a restart of the broker', () => {
  /** Opens the bucket, calls a task and restarts the server. Resolves with a connection to open it again. */
  async function loseAfter(server: NatsServer, task: (bucket: Bucket) => Promise<unknown>) {
    const address = server.address('b');
    const bucket = await openTestBucket(address);
    await task(bucket.bucket);
    await bucket[Symbol.asyncDispose]();
    await server.kill();
    await server.start();
    const place = parseAddress(address);
    const connection = await connectNats(place, {}, 'test');
    return {
      address,
      open: (options: OpenOptions) => openBucket(connection, place, options),
      [Symbol.asyncDispose]: () => connection.close(),
    };
  }

  it('rejects a publisher with another presence time than that in its description', async () => {
    await using server = await startNats();
    await using lost = await loseAfter(server, async () => {});
    const found = 'expected presence time 60 s, got 15 s in its description';
    const hint = 'use the existing settings, change them with the nats CLI, or use another bucket';
    await expect(lost.open({ settings: { presenceMs: 60_000 } })).rejects.toMatchObject({
      code: 'config',
      message: `${lost.address}: ${found}; ${hint}`,
    });
    expect(await lost.open({})).toMatchObject({ presenceMs: 15_000 });
  });

  it('keeps the settings that an operator has changed since a publisher has opened it', async () => {
    await using server = await startNats();
    const description = 'Sessions of Tilt; presence 60000 ms';
    await using lost = await loseAfter(server, ({ manager, sessionStream }) =>
      manager.streams.update(sessionStream, { description }),
    );
    const last = { settings: { replicas: 3, presenceMs: 15_000, maxBytes: 2 ** 20 } };
    const { manager, presenceStream } = await lost.open({ last });
    const { config } = await manager.streams.info(presenceStream);
    expect(config).toMatchObject({ num_replicas: 1, max_age: 60e9, max_bytes: -1 });
  });
});

it('a publisher uses the presence time that its bucket has after a restart of the broker', async () => {
  await using server = await startNats();
  const address = server.address('b');
  await using bucket = await openTestBucket(address, { presenceMs: 3_000 });
  const { manager, presenceStream } = bucket.bucket;
  // The description of the bucket still has 3 s.
  await manager.streams.update(presenceStream, { max_age: 12e9 });
  await using publisher = startPublisher({ address, sessions: [session('ci')] });
  expect((await publisher.broker.bucket()).presenceMs).toBe(12_000);
  await server.kill();
  await server.start();
  const current = async () => (await publisher.broker.bucket()).presenceMs;
  await expect.poll(current, PATIENCE).toBe(3_000);
});

it('a gateway that was suspended counts no heartbeat that has waited for the presence time', async () => {
  const { presenceMs } = SETTINGS;
  const address = nats.address('suspended');
  await using bucket = await openTestBucket(address, SETTINGS);
  const ci = session('ci');
  await bucket.put(ci);
  await using gateway = read(address);
  await expect.poll(gateway.ids, PATIENCE).toEqual(['ci/Tiltfile']);
  const { connection } = bucket.bucket;
  connection.publish(`$KV.${bucket.bucket.address.bucket}_presence.ci.Tiltfile`, 'test');
  void connection.flush();
  // The broker is another process. Its answer waits in the socket, as while this process is suspended.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, presenceMs + 500);
  await expect.poll(() => gateway.stale().length, PATIENCE).toBe(1);
  await pause(presenceMs / 2);
  expect(gateway.live()).toBe(0);
  await bucket.renewPresence(ci);
  await expect.poll(gateway.live, PATIENCE).toBe(1);
});

/** A clock on which `speed` seconds pass in one. */
const speedUp = (speed: number): Clock => ({
  now: systemClock.now,
  monotonic: () => systemClock.monotonic() * speed,
  after: (ms, task) => systemClock.after(ms / speed, task),
});

/** Changes the TTL of a presence bucket. The server rejects one below the window of duplicates. */
async function changePresence({ manager, presenceStream }: Bucket, ms: number): Promise<void> {
  await manager.streams.update(presenceStream, {
    max_age: ms * 1e6,
    duplicate_window: Math.min(ms, 1_000) * 1e6,
  });
}

describe('a gateway of a bucket whose presence time is changed', () => {
  it.each([
    ['after a reconnect', 1, true, 60],
    ['within a minute', 100, false, 60],
    ['later if it is lowered', 100, false, 3],
  ])('opens it again %s', async (what, speed, reconnects, changedS) => {
    const name = `changed-${what.length}`;
    await using bucket = await openTestBucket(nats.address(name));
    await using proxy = await openTcpProxy(nats.port);
    const address = `nats://127.0.0.1:${proxy.port}/${name}`;
    const watching = startProviderWatch(createNatsProvider({ address, clock: speedUp(speed) }));
    await expect.poll(() => watching.changes.length, PATIENCE).toBeGreaterThan(0);
    await changePresence(bucket.bucket, changedS * 1_000);
    if (reconnects) {
      proxy.cut();
      proxy.restore();
    }
    await expect.poll(() => watching.outcome, PATIENCE).not.toBeNull();
    const found = `its presence time is ${changedS} s instead of 15 s now`;
    expect(watching.outcome?.error).toMatchObject({
      code: 'unreachable',
      message: `${address}: ${found}; the bucket is opened again`,
    });
  });

  it('reads it on with the changed time, even if another one was given when it started', async () => {
    const address = nats.address('changed-given');
    const settings = { presenceMs: 15_000 };
    await using bucket = await openTestBucket(address, settings);
    await bucket.put(session('ci'));
    const options = { address, settings, clock: speedUp(100) };
    const provider = createNatsProvider(options);
    const first = startProviderWatch(provider);
    await expect.poll(() => first.changes.length, PATIENCE).toBeGreaterThan(0);
    await changePresence(bucket.bucket, 60_000);
    await expect.poll(() => first.outcome, PATIENCE).not.toBeNull();
    // What the retry of the source does.
    const second = startProviderWatch(provider);
    await expect
      .poll(() => [[...second.state.sessions.keys()], second.outcome], PATIENCE)
      .toEqual([['ci/Tiltfile'], null]);
    second.abort();
    const another = startProviderWatch(createNatsProvider(options));
    await expect.poll(() => another.outcome, PATIENCE).not.toBeNull();
    expect(another.outcome?.error).toMatchObject({
      code: 'config',
      message: expect.stringContaining('expected presence time 15 s, got 60 s'),
    });
  });
});

describe('a publisher of a bucket whose presence time is changed while it runs', () => {
  it.each([
    ['lowered', 15_000, {}],
    ['lowered but otherwise configured', 12_000, { presenceMs: 86_400_000 }],
    ['raised', 172_800_000, {}],
  ])('takes a %s time, and sends a heartbeat at once', async (what, changedMs, settings) => {
    const address = nats.address(`publisher-${what.length}`);
    await using bucket = await openTestBucket(address, { presenceMs: 86_400_000 });
    const { keys } = listenTo(bucket);
    const clock = speedUp(100);
    await using publisher = startPublisher({ address, clock, settings, sessions: [session('ci')] });
    await expect.poll(() => keys.length, PATIENCE).toBeGreaterThan(0);
    const current = async () => (await publisher.broker.bucket()).presenceMs;
    expect(await current()).toBe(86_400_000);
    keys.length = 0;
    await changePresence(bucket.bucket, changedMs);
    await expect.poll(current, PATIENCE).toBe(changedMs);
    await expect.poll(() => keys.length, PATIENCE).toBeGreaterThan(0);
    expect(publisher.lines).toContain(
      `info its presence time is ${changedMs / 1_000} s instead of 86400 s now; heartbeats follow it`,
    );
  });

  it('sends a heartbeat soon if it has opened its bucket again with a lowered one', async () => {
    const address = nats.address('publisher-opened');
    await using bucket = await openTestBucket(address, { presenceMs: 86_400_000 });
    const { keys } = listenTo(bucket);
    const clock = speedUp(100);
    await using publisher = startPublisher({ address, clock, sessions: [session('ci')] });
    await expect.poll(() => keys.length, PATIENCE).toBeGreaterThan(0);
    await changePresence(bucket.bucket, 15_000);
    await publisher.broker.restore();
    keys.length = 0;
    await expect.poll(() => keys.length, PATIENCE).toBeGreaterThan(1);
  });

  it('keeps its own if the bucket has no age limit any more', async () => {
    const address = nats.address('publisher-unlimited');
    await using bucket = await openTestBucket(address, { presenceMs: 60_000 });
    await using publisher = startPublisher({ address, clock: speedUp(100), sessions: [session('ci')] });
    await changePresence(await publisher.broker.bucket(), 0);
    const { keys } = listenTo(bucket);
    // More than three minutes of its clock.
    await expect.poll(() => keys.length, PATIENCE).toBeGreaterThan(12);
    expect((await publisher.broker.bucket()).presenceMs).toBe(60_000);
  });
});

describe('a publisher that was given a presence time, which is then changed in its bucket', () => {
  const given = { presenceMs: 60_000 };

  /** Changes the time to 120 s, as an operator does: in the presence bucket, then in the description. */
  async function change({ bucket }: TestBucket): Promise<void> {
    await changePresence(bucket, 120_000);
    const description = 'Sessions of Tilt; presence 120000 ms';
    await bucket.manager.streams.update(bucket.sessionStream, { description });
  }

  const revisionIn = async ({ bucket }: TestBucket) => (await bucket.sessions.get('ci.Tiltfile'))?.revision;
  const presenceOf = async ({ broker }: TestPublisher) => (await broker.bucket()).presenceMs;

  it.each([
    ['that it has taken', true],
    ['that it has not noticed yet', false],
  ])('opens the bucket with the time %s after the broker was away', async (_, isTaken) => {
    await using server = await startNats();
    const address = server.address('b');
    const bucket = await openTestBucket(address, given);
    // The client library may reconnect for 0.1 s. Then a new connection is opened.
    const clock = speedUp(100);
    await using publisher = startPublisher({ address, clock, settings: given, sessions: [session('ci')] });
    const { connection } = await publisher.broker.bucket();
    await expect.poll(() => revisionIn(bucket), PATIENCE).toBe(1);
    await change(bucket);
    if (isTaken) await expect.poll(() => presenceOf(publisher), PATIENCE).toBe(120_000);
    await bucket[Symbol.asyncDispose]();
    await server.kill();
    await connection.closed();
    await server.start();
    publisher.put(session('ci', { 'x:update': 'failed' }));
    await expect.poll(() => publisher.broker.isDown, PATIENCE).toBe(false);
    expect([await presenceOf(publisher), publisher.broker.problem]).toEqual([120_000, null]);
    await using again = await openTestBucket(address);
    await expect.poll(() => revisionIn(again), PATIENCE).toBe(2);
  });

  it.each([
    ['the presence bucket', false],
    ['the whole bucket', true],
  ])('creates %s again with the changed time after it was lost', async (what, isWhole) => {
    const address = nats.address(`given-${what.length}`);
    await using bucket = await openTestBucket(address, given);
    await using publisher = startPublisher({ address, settings: given, sessions: [session('ci')] });
    const open = await publisher.broker.bucket();
    await change(bucket);
    publisher.broker.takePresenceTime(open, 120_000);
    await open.manager.streams.delete(open.presenceStream);
    if (isWhole) await open.manager.streams.delete(open.sessionStream);
    await publisher.broker.restore();
    await using again = await openTestBucket(address);
    expect([await presenceOf(publisher), again.bucket.settings.presenceMs]).toEqual([120_000, 120_000]);
  });

  it('is rejected when it starts again with the old time', async () => {
    const address = nats.address('given-again');
    await using bucket = await openTestBucket(address, given);
    await change(bucket);
    await using publisher = startPublisher({ address, settings: given, sessions: [session('ci')] });
    await expect(publisher.broker.bucket()).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('expected presence time 60 s, got 120 s'),
    });
  });
});

it('a publisher creates a lost bucket with the settings that it had, of which it was given none', async () => {
  const address = nats.address('lost');
  await using bucket = await openTestBucket(address, { history: 8, maxAgeMs: 3_600_000, presenceMs: 9_000 });
  await using publisher = startPublisher({ address, sessions: [session('ci')] });
  const { manager, sessionStream, presenceStream, settings } = await publisher.broker.bucket();
  await manager.streams.delete(sessionStream);
  await manager.streams.delete(presenceStream);
  await publisher.broker.restore();
  await using again = await openTestBucket(address);
  expect(again.bucket.log).not.toBe(bucket.bucket.log);
  expect(again.bucket.settings).toEqual(settings);
  expect(settings).toMatchObject({ history: 8, maxAgeMs: 3_600_000, presenceMs: 9_000 });
});

describe('a publisher of several Sessions', () => {
  it('writes one message for all of them, by which a gateway of one of them sees it alive', async () => {
    const address = nats.address('one-message');
    await using bucket = await openTestBucket(address, SETTINGS);
    const { keys } = listenTo(bucket);
    await using publisher = startPublisher({ address, sessions });
    await expect.poll(() => countOf(keys, REPORT), PATIENCE).toBeGreaterThan(0);
    // The filter of the second gateway does not match the key of the report.
    await using all = read(address);
    await using one = read(`${address}/host.c.>`);
    await expect.poll(() => [all.ids().length, one.ids()], PATIENCE).toEqual([3, ['host.c/Tiltfile']]);
    keys.length = 0;
    // Longer than a silent publisher counts as alive. A gateway that starts reads with a consumer.
    await expect.poll(() => countOf(keys, REPORT), PATIENCE).toBeGreaterThan(5);
    expect([all.stale(), one.stale()]).toEqual([[], []]);
    keys.length = 0;
    await expect.poll(() => countOf(keys, REPORT), PATIENCE).toBe(3);
    expect(new Set(keys)).toEqual(new Set([REPORT]));
    await publisher.publisher.close('over', 1_000);
    await expect
      .poll(async () => (await bucket.bucket.presence.get(REPORT))?.operation, PATIENCE)
      .toBe('DEL');
  });

  it('writes a heartbeat for each of them while a gateway of an earlier version reads the bucket', async () => {
    const address = nats.address('earlier');
    await using bucket = await openTestBucket(address, SETTINGS);
    const { keys } = listenTo(bucket);
    await using _ = startPublisher({ address, sessions });
    await expect.poll(() => countOf(keys, REPORT), PATIENCE).toBeGreaterThan(1);
    keys.length = 0;
    // Such a gateway has a consumer.
    const { manager, presenceStream } = bucket.bucket;
    const { name } = await manager.consumers.add(presenceStream, { ack_policy: 'none' });
    await expect
      .poll(() => NAMES.map((of) => countOf(keys, `${of}.Tiltfile`) > 2), PATIENCE)
      .toEqual([true, true, true]);
    await manager.consumers.delete(presenceStream, name);
    await expect
      .poll(() => {
        const last = keys.slice(-3);
        return last.length === 3 && last.every((key) => key === REPORT);
      }, PATIENCE)
      .toBe(true);
  });

  it('keeps its Sessions from a second publisher, which finds it by its message', async () => {
    const address = nats.address('second');
    await using bucket = await openTestBucket(address, SETTINGS);
    await using _ = startPublisher({ address, sessions });
    const heartbeat = async () => (await bucket.bucket.presence.get('host.c.Tiltfile')) ?? null;
    await expect
      .poll(async () => (await bucket.bucket.presence.get(REPORT)) ?? null, PATIENCE)
      .not.toBeNull();
    // The heartbeat of its first write has expired.
    await expect.poll(heartbeat, PATIENCE).toBeNull();
    await using two = startPublisher({ address, name: 'two', sessions: [session('host.c')] });
    expect(await two.publisher.failed).toMatchObject({ code: 'refused' });
  });

  it('writes a deleted state again, although its other Sessions are unchanged', async () => {
    const address = nats.address('deleted');
    await using bucket = await openTestBucket(address, SETTINGS);
    const { keys } = listenTo(bucket);
    await using _ = startPublisher({ address, sessions });
    // It has found its states twice, so that it compares only the contents of the bucket.
    await expect.poll(() => countOf(keys, REPORT), PATIENCE).toBeGreaterThan(2);
    await bucket.remove('host.b', 'Tiltfile');
    const operation = async () => (await bucket.bucket.sessions.get('host.b.Tiltfile'))?.operation;
    await expect.poll(operation, PATIENCE).toBe('PUT');
  });
});
