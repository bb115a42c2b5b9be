import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.js';
import type { Session } from '../../../src/model/session.js';
import { digestOf } from '../../../src/nats/delta.js';
import { HEADERS } from '../../../src/nats/delta-message.js';
import { compress, encodeEnvelope } from '../../../src/nats/message-format.js';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { startProviderWatch } from '../../support/provider-watch.js';
import { session } from '../../support/sessions.js';
import { openTestBucket, type TestBucket } from '../../support/test-bucket.js';
import { startPublisher } from '../../support/test-publisher.js';

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats[Symbol.asyncDispose]());

const PATIENCE = { timeout: 20_000 };
const KEY = 'ci.Tiltfile';
const NAMES = Array.from({ length: 100 }, (_, index) => `service-${String(index).padStart(3, '0')}:serve`);

/** A Session of 100 targets in its n-th state, in which one target differs from the state before. */
function stateOf(n: number): Session {
  const targets = NAMES.map((name, index) => [name, index < n ? 'ready' : 'running'] as const);
  return session('ci', Object.fromEntries(targets), { resourceVersion: String(n) });
}

function read(address: string) {
  const lines: string[] = [];
  const log = (level: string, message: string) => lines.push(`${level} ${message}`);
  const provider = createNatsProvider({ address, clock: systemClock, log });
  const watching = startProviderWatch(provider);
  const upserts = () => watching.changes.flatMap((change) => (change.type === 'upsert' ? [change] : []));
  return {
    lines,
    counts: provider.counts,
    upserts,
    isSynced: () => watching.changes.length > 0,
    newest: () => upserts().at(-1)?.session,
    [Symbol.asyncDispose]: async () => watching.abort(),
  };
}

/** Writes a state by hand, whose value can differ from what its headers say. */
async function writeByHand(
  { bucket }: TestBucket,
  value: Session,
  previous: number,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  await bucket.presence.put(KEY, 'test');
  const envelope = {
    publisher: 'test',
    serial: 50,
    previous,
    connection: 'live',
    error: null,
    session: value,
  } as const;
  return await bucket.putState(
    KEY,
    compress(encodeEnvelope(envelope)),
    previous,
    new Map(Object.entries(headers)),
  );
}

/** A delta to the n-th state, in which the state of the 50th target is its wait reason. */
function handMadeDelta(base: number, waitReason: string): string {
  const target = {
    name: NAMES[50],
    type: 'server',
    resources: ['service-050'],
    state: { waiting: { waitReason } },
  };
  return `${base} 51 ${JSON.stringify({ status: { done: false }, targets: [[50, target]] })}`;
}

function reasonOf(of: Session | undefined): string | null {
  const state = of?.status.targets.find(({ name }) => name === NAMES[50])?.state;
  return state?.is === 'waiting' ? state.waitReason : null;
}

describe('a publisher of a large Session', () => {
  it('writes deltas next to its states, by which readers know which targets changed', async () => {
    const address = nats.address('deltas');
    await using bucket = await openTestBucket(address);
    await using publisher = startPublisher({ address, sessions: [stateOf(0)] });
    await using reader = read(address);
    await expect.poll(reader.isSynced, PATIENCE).toBe(true);
    await expect.poll(async () => (await bucket.bucket.sessions.get(KEY))?.revision, PATIENCE).toBe(1);
    for (let n = 1; n <= 20; n += 1) {
      publisher.put(stateOf(n));
      await expect.poll(() => reader.newest()?.metadata.resourceVersion, PATIENCE).toBe(String(n));
    }
    const { status, metadata, spec } = stateOf(20);
    expect(reader.newest()).toMatchObject({ status, metadata, spec });
    const counts = reader.upserts().map(({ changedTargets }) => changedTargets?.length ?? null);
    expect(counts.slice(-19)).toEqual(Array.from({ length: 19 }, () => 1));
    // A gateway that starts now reads the complete state.
    await using late = read(address);
    await expect.poll(late.isSynced, PATIENCE).toBe(true);
    await expect.poll(() => late.newest()?.metadata.resourceVersion ?? '20', PATIENCE).toBe('20');
  });
});

describe('a reader of deltas', () => {
  it('takes the state from the value if a delta was made from another revision or does not fit', async () => {
    const address = nats.address('unfit');
    await using bucket = await openTestBucket(address);
    const first = await bucket.put(stateOf(1));
    await using reader = read(address);
    await expect.poll(reader.isSynced, PATIENCE).toBe(true);
    const next = await writeByHand(bucket, stateOf(2), first, {
      [HEADERS.delta]: handMadeDelta(first + 7, 'old'),
    });
    await expect.poll(() => reader.newest()?.metadata.resourceVersion, PATIENCE).toBe('2');
    await writeByHand(bucket, stateOf(3), next, {
      [HEADERS.delta]: `${next} 51 {"status":{},"targets":[[500,{}]]}`,
    });
    await expect.poll(() => reader.newest()?.metadata.resourceVersion, PATIENCE).toBe('3');
    expect(reasonOf(reader.newest())).toBeNull();
    expect(reader.lines).toEqual([]);
  });

  it('applies a delta without reading the value, and takes the value once the digests prove to differ', async () => {
    const address = nats.address('differing');
    await using bucket = await openTestBucket(address);
    const first = await bucket.put(stateOf(1));
    await using reader = read(address);
    await expect.poll(reader.isSynced, PATIENCE).toBe(true);
    await writeByHand(bucket, stateOf(2), first, {
      [HEADERS.delta]: handMadeDelta(first, 'from the delta'),
      [HEADERS.digest]: digestOf(stateOf(2)),
    });
    await expect
      .poll(() => reader.upserts().map(({ session: of }) => reasonOf(of)), PATIENCE)
      .toEqual(['from the delta', null]);
    expect(reader.newest()?.metadata.resourceVersion).toBe('2');
    expect(reader.counts).toEqual({ deltas: 1, states: 1, matches: 0, mismatches: 1 });
    expect(reader.lines).toEqual([
      `warn ${KEY}: its deltas led to another state than its publisher has; the state is read again`,
    ]);
  });
});
