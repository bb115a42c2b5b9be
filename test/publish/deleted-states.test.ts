import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NatsServer, startNats } from '../support/nats-server.js';
import { session } from '../support/sessions.js';
import { openTestBucket, type TestBucket } from '../support/test-bucket.js';
import { startPublisher } from '../support/test-publisher.js';

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats[Symbol.asyncDispose]());

const KEY = 'ci.Tiltfile';
const SETTINGS = { presenceMs: 1_500 };
const PATIENCE = { timeout: 10_000 };
const ROUNDS = 12;

const DELETIONS: readonly [string, (bucket: TestBucket['bucket']) => Promise<unknown>][] = [
  ['a deleted key', ({ sessions }) => sessions.delete(KEY)],
  ['a purged key', ({ sessions }) => sessions.purge(KEY)],
  ['a purged stream', ({ manager, sessionStream }) => manager.streams.purge(sessionStream)],
  ['a deleted presence stream', ({ manager, presenceStream }) => manager.streams.delete(presenceStream)],
  ['a deleted stream', ({ manager, sessionStream }) => manager.streams.delete(sessionStream)],
  [
    'both streams deleted',
    async ({ manager, sessionStream, presenceStream }) => {
      await manager.streams.delete(presenceStream);
      await manager.streams.delete(sessionStream);
    },
  ],
];

/** What is written now: asked without opening the bucket, which would create it. */
async function lastIn({ manager }: TestBucket['bucket'], name: string): Promise<string | null> {
  const query = { last_by_subj: `$KV.${name}.${KEY}` };
  const message = await manager.streams.getMessage(`KV_${name}`, query).catch(() => null);
  return message?.header.has('KV-Operation') ? null : (message?.string() ?? null);
}

describe('a publisher whose Tilt does not change', () => {
  it.each(DELETIONS)('writes its state again within one sign of life after %s', async (what, deleteIt) => {
    const name = what.replaceAll(' ', '-');
    const address = nats.address(name);
    await using bucket = await openTestBucket(address, SETTINGS);
    const { bucket: open } = bucket;
    await using one = startPublisher({ address, settings: SETTINGS, sessions: [session('ci')] });
    await expect.poll(() => lastIn(open, name), PATIENCE).toContain('"publisher":"one"');
    await deleteIt(open);
    await expect.poll(() => lastIn(open, name), PATIENCE).toContain('"publisher":"one"');
    await expect.poll(() => lastIn(open, `${name}_presence`), PATIENCE).toBe('one');
    expect(one.lines.some((line) => line.startsWith(`warn ${KEY}: its `))).toBe(true);
    // It goes on as before.
    one.put(session('ci', {}, { resourceVersion: '77' }));
    await expect.poll(() => lastIn(open, name), PATIENCE).toContain('"resourceVersion":"77"');
  });
});

describe('two publishers of one instance that start in the same moment', () => {
  it(`leave exactly one that goes on, in ${ROUNDS} of ${ROUNDS} rounds`, async () => {
    const going: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const address = nats.address(`race-${round}`);
      await using bucket = await openTestBucket(address, { presenceMs: 600 });
      const start = (name: string) => startPublisher({ address, name, sessions: [session('ci')] });
      await using one = start('one');
      await using two = start('two');
      const both = [one, two];
      const refused = new Set<string>();
      one.publisher.refused.then(() => refused.add('one'));
      two.publisher.refused.then(() => refused.add('two'));
      await expect.poll(() => refused.size, PATIENCE).toBe(1);
      // The other one is there after several more signs of life.
      const winner = refused.has('one') ? two : one;
      const at = async () => (await bucket.bucket.presence.get(KEY))?.revision ?? 0;
      const before = await at();
      await expect.poll(at, PATIENCE).toBeGreaterThan(before + 3);
      winner.put(session('ci', {}, { resourceVersion: '9' }));
      await expect
        .poll(() => lastIn(bucket.bucket, `race-${round}`), PATIENCE)
        .toContain('"resourceVersion":"9"');
      going.push(both.length - refused.size);
    }
    expect(going).toEqual(Array.from({ length: ROUNDS }, () => 1));
  });
});
