import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/lib/clock.js';
import type { Session } from '../../../src/model/session.js';
import type { LogChange } from '../../../src/nats/log-change.js';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { type ProviderWatch, startProviderWatch } from '../../support/provider-watch.js';
import { followedBy } from '../../support/recording-sink.js';
import { session, type TargetStates } from '../../support/sessions.js';
import { openTcpProxy } from '../../support/tcp-proxy.js';
import { openTestBucket, type TestBucket } from '../../support/test-bucket.js';

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats[Symbol.asyncDispose]());

const PATIENCE = { timeout: 20_000 };

function stateOf(n: number, targets: TargetStates = {}) {
  return session('ci', targets, { resourceVersion: String(n) });
}

/** Reads a bucket through a proxy that can be cut. */
async function readOverProxy(name: string, clock: Clock = systemClock) {
  const proxy = await openTcpProxy(nats.port);
  const address = `nats://127.0.0.1:${proxy.port}/${name}`;
  const watching = startProviderWatch(createNatsProvider({ address, clock }));
  return {
    proxy,
    watching,
    async [Symbol.asyncDispose]() {
      watching.abort();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** The clock of a machine, in milliseconds ahead of the servers. */
function createShiftedClock() {
  const ahead = { wall: 0, monotonic: 0 };
  const clock: Clock = {
    now: () => systemClock.now() + ahead.wall,
    monotonic: () => systemClock.monotonic() + ahead.monotonic,
    after: systemClock.after,
  };
  return { clock, ahead };
}

/** Names of the consumers that read the Sessions of a bucket. */
async function consumersOf({ bucket }: TestBucket): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of bucket.manager.consumers.list(bucket.sessionStream)) names.push(name);
  return names;
}

type Upsert = Extract<LogChange, { type: 'upsert' }>;

/** Ages of the ends that were received, in milliseconds. */
function agesIn({ changes }: ProviderWatch): number[] {
  const upserts: readonly Upsert[] = changes.filter((change) => change.type === 'upsert');
  return upserts.flatMap(({ connection }) => (connection ? [connection.ageMs ?? 0] : []));
}

/** The Sessions received, in order. */
function sessionsIn({ changes }: ProviderWatch): Session[] {
  const all = changes.flatMap((change) => (change.type === 'snapshot' ? followedBy(change) : [change]));
  return all.flatMap((change) => (change.type === 'upsert' ? [change.session] : []));
}

/** The numbers of their states. */
function statesIn(watching: ProviderWatch): number[] {
  return sessionsIn(watching).map(({ metadata }) => Number(metadata.resourceVersion));
}

describe('the NATS provider', () => {
  it('continues after a broken connection without missing, repeated or reset changes', async () => {
    await using bucket = await openTestBucket(nats.address('broken'));
    await using reading = await readOverProxy('broken');
    const { proxy, watching } = reading;
    await bucket.put(stateOf(1));
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1]);
    proxy.cut();
    for (const n of [2, 3, 4]) await bucket.put(stateOf(n));
    proxy.restore();
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1, 2, 3, 4]);
    await bucket.put(stateOf(5));
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1, 2, 3, 4, 5]);
    expect(watching.changes.filter(({ type }) => type === 'snapshot')).toHaveLength(1);
    expect(watching.outcome).toBeNull();
  });

  it('continues when the server has lost its consumers', async () => {
    await using bucket = await openTestBucket(nats.address('consumers'));
    await using reading = await readOverProxy('consumers');
    const { watching } = reading;
    await bucket.put(stateOf(1));
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1]);
    const { manager, sessionStream, presenceStream } = bucket.bucket;
    for (const stream of [sessionStream, presenceStream]) {
      for await (const { name } of manager.consumers.list(stream))
        await manager.consumers.delete(stream, name);
    }
    await bucket.put(stateOf(2));
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1, 2]);
    expect(watching.outcome).toBeNull();
  });

  it('continues when the bucket has dropped states during a disconnect, and marks the gap', async () => {
    await using bucket = await openTestBucket(nats.address('gap'), { history: 2 });
    await using reading = await readOverProxy('gap');
    const { proxy, watching } = reading;
    const first = await bucket.put(stateOf(1));
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1]);
    proxy.cut();
    for (const n of [2, 3, 4, 5]) await bucket.put(stateOf(n));
    proxy.restore();
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1, 4, 5]);
    const gaps = watching.changes.map((change) => ('unknownAfter' in change ? change.unknownAfter : null));
    expect(gaps.slice(-2)).toEqual([first, null]);
    expect(watching.outcome).toBeNull();
  });

  it('fails with the reason when the connection stays down', async () => {
    await using bucket = await openTestBucket(nats.address('away'));
    await using reading = await readOverProxy('away');
    const { proxy, watching } = reading;
    await bucket.put(stateOf(1));
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1]);
    proxy.cut();
    await expect.poll(() => watching.outcome, PATIENCE).not.toBeNull();
    expect(watching.outcome?.error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/\/away: the connection broke, and no server accepts another$/),
    });
  });

  it.each([
    ['was suspended', { wall: 15_000, monotonic: 15_000 }],
    ['slept, or its clock was set', { wall: 7.2e6 }],
  ])('asks the servers for the age of an end that it reads after its machine %s', async (what, jump) => {
    const name = `jump-${what.length}`;
    const { clock, ahead } = createShiftedClock();
    await using bucket = await openTestBucket(nats.address(name));
    await using reading = await readOverProxy(name, clock);
    const { watching } = reading;
    await bucket.put(stateOf(1));
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1]);
    const before = await consumersOf(bucket);
    Object.assign(ahead, jump);
    await bucket.put(stateOf(2), { connection: 'gone', error: 'tilt exited' });
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1, 2]);
    const [ageMs] = agesIn(watching);
    expect(ageMs).toBeLessThan(15_000);
    expect(await consumersOf(bucket)).not.toContain(before[0]);
    expect(watching.outcome).toBeNull();
  });

  it('fails when it reads a state that is as old as the presence time, so that the bucket is read again', async () => {
    const { clock, ahead } = createShiftedClock();
    await using bucket = await openTestBucket(nats.address('old'), { presenceMs: 1_500 });
    await using reading = await readOverProxy('old', clock);
    const { proxy, watching } = reading;
    await bucket.put(stateOf(1));
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1]);
    proxy.cut();
    await bucket.put(stateOf(2));
    await pause(2_000);
    // As after a sleep, so that the servers are asked for its age.
    ahead.wall += 2_000;
    proxy.restore();
    await expect.poll(() => watching.outcome, PATIENCE).not.toBeNull();
    expect(statesIn(watching)).toEqual([1]);
    expect(watching.outcome?.error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/\/old: its states were read late, .* it is opened again$/),
    });
  });

  it('returns a large Session as it was written, although the bucket stores it compressed', async () => {
    await using bucket = await openTestBucket(nats.address('large'));
    await using reading = await readOverProxy('large');
    const targets = Array.from({ length: 500 }, (_, index) => [`service-${index}:serve`, 'ready'] as const);
    const large = stateOf(1, Object.fromEntries(targets));
    await bucket.put(large);
    const { watching } = reading;
    await expect.poll(() => statesIn(watching), PATIENCE).toEqual([1]);
    expect(sessionsIn(watching)).toEqual([large]);
    const { value } = (await bucket.bucket.sessions.get('ci.Tiltfile')) ?? {};
    expect(value?.length).toBeLessThan(JSON.stringify(large).length / 3);
  });
});
