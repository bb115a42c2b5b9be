import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEnvelope } from '../../../src/nats/message-format.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { session } from '../../support/sessions.js';
import { createSteppedClock } from '../../support/stepped-clock.js';
import { openTcpProxy } from '../../support/tcp-proxy.js';
import { openTestBucket, type TestBucket } from '../../support/test-bucket.js';
import { startPublisher } from '../../support/test-publisher.js';

/** A server for each test, so that a server which panics fails one test, with its log. */
let nats: NatsServer;
beforeEach(async () => {
  nats = await startNats();
});
afterEach(() => nats[Symbol.asyncDispose]());

const KEY = 'ci.Tiltfile';
const SETTINGS = { presenceMs: 1_500 };
const PATIENCE = { timeout: 10_000 };
const ROUNDS = 12;

/** Step of a publisher's clock, in milliseconds. */
const STEP_MS = 50;

/** Step while a publisher waits up to 30 s before it connects again. */
const RECONNECT_STEP_MS = 1_000;

const DELETIONS: readonly [string, (bucket: TestBucket['bucket']) => Promise<unknown>][] = [
  ['a deleted key', ({ sessions }) => sessions.delete(KEY)],
  ['a purged key', ({ sessions }) => sessions.purge(KEY)],
  ['a purged stream', ({ manager, sessionStream }) => manager.streams.purge(sessionStream)],
  ['a deleted stream', ({ manager, sessionStream }) => manager.streams.delete(sessionStream)],
  [
    'both streams deleted',
    async ({ manager, sessionStream, presenceStream }) => {
      await manager.streams.delete(presenceStream);
      await manager.streams.delete(sessionStream);
    },
  ],
];

const PRESENCE_DELETION: (typeof DELETIONS)[number] = [
  'a deleted presence stream',
  ({ manager, presenceStream }) => manager.streams.delete(presenceStream),
];

/** The newest value of the key, read without opening the bucket, which would create it. */
async function lastIn({ manager }: TestBucket['bucket'], name: string): Promise<string | null> {
  const query = { last_by_subj: `$KV.${name}.${KEY}` };
  const message = await manager.streams.getMessage(`KV_${name}`, query).catch(() => null);
  return message?.header.has('KV-Operation') ? null : (message?.string() ?? null);
}

/** The age of a state; 0 without one. */
function ageOf(text: string | null): number {
  return decodeEnvelope(text ?? '', 'ci').ageMs ?? 0;
}

/**
 * Records what is written to the key from now on. nats-server 2.9 panics (`jsMsgGetRequest`, a nil pointer)
 * when a message is requested from a stream that is being created, so until the state is written again the
 * tests send no requests, and only they advance the publisher's clock.
 */
async function recordWrites({ connection }: TestBucket['bucket'], clock: ManualClock, name: string) {
  const writes: string[] = [];
  connection.subscribe(`$KV.${name}.${KEY}`, {
    callback: (_, message) => void writes.push(message.string()),
  });
  await connection.flush();
  return {
    /** Polls the newest write, once the condition holds, while the publisher's clock advances. */
    poll: (condition = () => true) =>
      expect.poll(async () => {
        await clock.advance(STEP_MS);
        return condition() ? (writes.at(-1) ?? '') : '';
      }, PATIENCE),
  };
}

/** Whether a publisher has logged that something was missing, and has written it again. */
function isWrittenAgain(lines: readonly string[]): boolean {
  const count = (start: string, end: RegExp) =>
    lines.filter((line) => line.startsWith(`${start} ${KEY}: its `) && end.test(line)).length;
  const problems = count('warn', /cannot be written/);
  return count('warn', /./) > 0 && problems === count('info', /is written again$/);
}

describe('a publisher whose Tilt does not change', () => {
  it.each([...DELETIONS, PRESENCE_DELETION])(
    'writes its state again within one heartbeat after %s',
    async (what, deleteIt) => {
      const name = what.replaceAll(' ', '-');
      const clock = createManualClock();
      const address = nats.address(name);
      await using bucket = await openTestBucket(address, SETTINGS);
      const { bucket: open } = bucket;
      await using one = startPublisher({ address, settings: SETTINGS, clock, sessions: [session('ci')] });
      await expect.poll(() => lastIn(open, name), PATIENCE).toContain('"publisher":"one"');
      // As a gateway does. A write of a heartbeat to a missing stream then times out.
      const presence = await recordWrites(open, clock, `${name}_presence`);
      await deleteIt(open);
      // The heartbeat is written after the state, and again if its stream was missing.
      await presence.poll(() => isWrittenAgain(one.lines)).toBe('one');
      await expect.poll(() => lastIn(open, name), PATIENCE).toContain('"publisher":"one"');
      // It continues as before.
      one.put(session('ci', {}, { resourceVersion: '77' }));
      await expect.poll(() => lastIn(open, name), PATIENCE).toContain('"resourceVersion":"77"');
    },
  );
});

describe('a publisher whose connection to Tilt broke', () => {
  it('writes its state again, with its age, after the stream was deleted, and still sends heartbeats', async () => {
    const address = nats.address('stale');
    const clock = createManualClock();
    await using bucket = await openTestBucket(address, SETTINGS);
    const { bucket: open } = bucket;
    await using one = startPublisher({ address, settings: SETTINGS, clock, sessions: [session('ci')] });
    await expect.poll(() => lastIn(open, 'stale'), PATIENCE).toContain('"link":"live"');
    one.markStale('connection refused');
    await expect.poll(() => lastIn(open, 'stale'), PATIENCE).toContain('"link":"stale"');
    const states = await recordWrites(open, clock, 'stale');
    await open.manager.streams.delete(open.sessionStream);
    await states.poll().toMatch(/"link":"stale".*"ageMs":[1-9]/);
    expect(await lastIn(open, 'stale_presence')).toBe('one');
  });
});

describe('a publisher whose Tilt has left', () => {
  const SESSION = session('ci', {}, { status: { done: true } });

  it.each(DELETIONS)(
    'writes the final state again after %s, and sends no heartbeat',
    async (what, deleteIt) => {
      const name = `gone-${what.replaceAll(' ', '-')}`;
      const address = nats.address(name);
      const clock = createManualClock();
      await using bucket = await openTestBucket(address, SETTINGS);
      const { bucket: open } = bucket;
      await using one = startPublisher({ address, settings: SETTINGS, clock, sessions: [SESSION] });
      await expect.poll(() => lastIn(open, name), PATIENCE).toContain('"link":"live"');
      one.remove(SESSION);
      await expect.poll(() => lastIn(open, name), PATIENCE).toContain('"link":"gone"');
      await expect.poll(() => lastIn(open, `${name}_presence`), PATIENCE).toBeNull();
      const states = await recordWrites(open, clock, name);
      await deleteIt(open);
      await states.poll().toMatch(/"link":"gone".*"ageMs":[1-9].*"done":true/);
      expect(await lastIn(open, `${name}_presence`)).toBeNull();
    },
  );

  it('does not write the final state again after the bucket has expired it', async () => {
    const settings = { presenceMs: 600, maxAgeMs: 1_500 };
    const address = nats.address('aged');
    await using bucket = await openTestBucket(address, settings);
    await using one = startPublisher({ address, settings, sessions: [SESSION, session('other')] });
    await expect.poll(() => lastIn(bucket.bucket, 'aged'), PATIENCE).toContain('"link":"live"');
    one.remove(SESSION);
    await expect.poll(() => lastIn(bucket.bucket, 'aged'), PATIENCE).toContain('"link":"gone"');
    await expect.poll(() => lastIn(bucket.bucket, 'aged'), PATIENCE).toBeNull();
    // The other Session is written again twice within the age limit.
    const at = async () => (await bucket.bucket.sessions.get('other.Tiltfile'))?.revision ?? 0;
    const before = await at();
    await expect.poll(at, PATIENCE).toBeGreaterThan(before + 1);
    expect(await lastIn(bucket.bucket, 'aged')).toBeNull();
    expect(one.lines).toEqual([]);
  });

  it('does not write the final state again an hour after the end of the Session', async () => {
    const address = nats.address('kept');
    const clock = createManualClock();
    await using bucket = await openTestBucket(address, SETTINGS);
    const { bucket: open } = bucket;
    const sessions = [SESSION, session('other')];
    await using one = startPublisher({ address, settings: SETTINGS, clock, sessions });
    await expect.poll(() => lastIn(open, 'kept'), PATIENCE).toContain('"link":"live"');
    one.remove(SESSION);
    await expect.poll(() => lastIn(open, 'kept'), PATIENCE).toContain('"link":"gone"');
    await clock.advance(3_600_000);
    const written: string[] = [];
    open.connection.subscribe('$KV.kept.>', { callback: (_, { subject }) => void written.push(subject) });
    await open.connection.flush();
    // Twice: in the first round, the state of the other Session may be written before that of this one.
    for (const round of [1, 2]) {
      await open.manager.streams.purge(open.sessionStream);
      await expect
        .poll(async () => {
          await clock.advance(STEP_MS);
          return written.length;
        }, PATIENCE)
        .toBeGreaterThanOrEqual(round);
    }
    expect(new Set(written)).toEqual(new Set(['$KV.kept.other.Tiltfile']));
    // A later run continues.
    one.put(session('ci', {}, { resourceVersion: '77' }));
    await expect.poll(() => lastIn(open, 'kept'), PATIENCE).toContain('"resourceVersion":"77"');
  });

  it('writes the final state although the store has forgotten the Session while the broker was away', async () => {
    const clock = createManualClock();
    await using bucket = await openTestBucket(nats.address('away'), SETTINGS);
    await using proxy = await openTcpProxy(nats.port);
    const address = `nats://127.0.0.1:${proxy.port}/away`;
    await using one = startPublisher({ address, settings: SETTINGS, clock, sessions: [SESSION] });
    await expect.poll(() => lastIn(bucket.bucket, 'away'), PATIENCE).toContain('"link":"live"');
    proxy.cut();
    await expect.poll(() => one.broker.isDown, PATIENCE).toBe(true);
    one.remove(SESSION);
    await clock.advance(3_600_000);
    proxy.restore();
    await expect
      .poll(async () => {
        await clock.advance(RECONNECT_STEP_MS);
        return lastIn(bucket.bucket, 'away');
      }, PATIENCE)
      .toContain('"link":"gone"');
  });

  it('writes the end with the time since then if the broker was away for 37 s, also after a deletion', async () => {
    const clock = createManualClock();
    await using bucket = await openTestBucket(nats.address('late'), SETTINGS);
    const { bucket: open } = bucket;
    await using proxy = await openTcpProxy(nats.port);
    const address = `nats://127.0.0.1:${proxy.port}/late`;
    await using one = startPublisher({ address, settings: SETTINGS, clock, sessions: [SESSION] });
    await expect.poll(() => lastIn(open, 'late'), PATIENCE).toContain('"link":"live"');
    proxy.cut();
    await expect.poll(() => one.broker.isDown, PATIENCE).toBe(true);
    one.remove(SESSION);
    await clock.advance(37_000);
    proxy.restore();
    await expect
      .poll(async () => {
        await clock.advance(RECONNECT_STEP_MS);
        return lastIn(open, 'late');
      }, PATIENCE)
      .toContain('"link":"gone"');
    expect(ageOf(await lastIn(open, 'late'))).toBeGreaterThanOrEqual(37_000);
    const states = await recordWrites(open, clock, 'late');
    await open.sessions.delete(KEY);
    await states.poll().toMatch(/"link":"gone"/);
    await expect.poll(() => lastIn(open, 'late'), PATIENCE).toContain('"link":"gone"');
    expect(ageOf(await lastIn(open, 'late'))).toBeGreaterThanOrEqual(37_000);
  });

  it('writes the end with the time for which the machine slept while the broker was away', async () => {
    const clock = createSteppedClock();
    await using bucket = await openTestBucket(nats.address('slept'), SETTINGS);
    const { bucket: open } = bucket;
    await using proxy = await openTcpProxy(nats.port);
    const address = `nats://127.0.0.1:${proxy.port}/slept`;
    await using one = startPublisher({ address, settings: SETTINGS, clock, sessions: [SESSION] });
    await expect.poll(() => lastIn(open, 'slept'), PATIENCE).toContain('"link":"live"');
    proxy.cut();
    await expect.poll(() => one.broker.isDown, PATIENCE).toBe(true);
    one.remove(SESSION);
    // 16 hours by the wall clock alone, as in a suspended Linux.
    clock.step(57_600_000);
    proxy.restore();
    await expect
      .poll(async () => {
        await clock.advance(RECONNECT_STEP_MS);
        return lastIn(open, 'slept');
      }, PATIENCE)
      .toContain('"link":"gone"');
    expect(ageOf(await lastIn(open, 'slept'))).toBeGreaterThanOrEqual(57_600_000);
  });

  it('writes an end at once without an age', async () => {
    const address = nats.address('at-once');
    const clock = createManualClock();
    await using bucket = await openTestBucket(address, SETTINGS);
    await using one = startPublisher({ address, settings: SETTINGS, clock, sessions: [SESSION] });
    await expect.poll(() => lastIn(bucket.bucket, 'at-once'), PATIENCE).toContain('"link":"live"');
    one.remove(SESSION);
    await expect.poll(() => lastIn(bucket.bucket, 'at-once'), PATIENCE).toContain('"link":"gone"');
    expect(await lastIn(bucket.bucket, 'at-once')).not.toContain('ageMs');
  });

  it('leaves the key to another publisher that has claimed it, and continues', async () => {
    const address = nats.address('left');
    await using bucket = await openTestBucket(address, SETTINGS);
    const { bucket: open } = bucket;
    await using one = startPublisher({ address, settings: SETTINGS, sessions: [SESSION, session('other')] });
    await expect.poll(() => lastIn(open, 'left'), PATIENCE).toContain('"link":"live"');
    one.remove(SESSION);
    await expect.poll(() => lastIn(open, 'left'), PATIENCE).toContain('"link":"gone"');
    await using two = startPublisher({ address, name: 'two', settings: SETTINGS, sessions: [session('ci')] });
    await expect.poll(() => lastIn(open, 'left'), PATIENCE).toContain('"publisher":"two"');
    // After several heartbeats of the first publisher.
    const at = async () => (await open.presence.get('other.Tiltfile'))?.revision ?? 0;
    const before = await at();
    await expect.poll(at, PATIENCE).toBeGreaterThan(before + 6);
    await open.sessions.delete(KEY);
    await expect.poll(() => lastIn(open, 'left'), PATIENCE).toContain('"publisher":"two"');
    // Its end does not delete the heartbeat of the other publisher.
    expect(await one.publisher.close('over', 5_000)).toEqual([]);
    expect(await lastIn(open, 'left_presence')).toBe('two');
    expect(await lastIn(open, 'left')).toContain('"publisher":"two"');
    expect([...one.lines, ...two.lines].filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('continues with the next run after another publisher has had the key and left', async () => {
    const address = nats.address('next');
    await using bucket = await openTestBucket(address, SETTINGS);
    const { bucket: open } = bucket;
    await using one = startPublisher({ address, settings: SETTINGS, sessions: [SESSION] });
    await expect.poll(() => lastIn(open, 'next'), PATIENCE).toContain('"link":"live"');
    one.remove(SESSION);
    await expect.poll(() => lastIn(open, 'next'), PATIENCE).toContain('"link":"gone"');
    await using two = startPublisher({ address, name: 'two', settings: SETTINGS, sessions: [session('ci')] });
    await expect.poll(() => lastIn(open, 'next'), PATIENCE).toContain('"publisher":"two"');
    expect(await two.publisher.close('over', 5_000)).toEqual([]);
    one.put(session('ci', {}, { uid: 'run-2' }));
    await expect
      .poll(() => lastIn(open, 'next'), PATIENCE)
      .toMatch(/"publisher":"one".*"link":"live".*"uid":"run-2"/);
    await expect.poll(() => lastIn(open, 'next_presence'), PATIENCE).toBe('one');
  });
});

describe('a publisher that starts', () => {
  it('continues after a final state that another publisher writes again at the same time', async () => {
    const address = nats.address('crossing');
    await using bucket = await openTestBucket(address, { presenceMs: 60_000 });
    const { bucket: open } = bucket;
    await using one = startPublisher({ address, sessions: [session('ci')] });
    await expect.poll(() => lastIn(open, 'crossing'), PATIENCE).toContain('"publisher":"one"');
    // The bucket was purged, and the state of an earlier run was written before that of this run.
    await open.manager.streams.purge(open.sessionStream);
    await bucket.put(session('ci', {}, { uid: 'earlier' }), {
      publisher: 'earlier',
      connection: 'gone',
      error: 'over',
      ageMs: 9,
    });
    one.put(session('ci', {}, { resourceVersion: '7' }));
    await expect
      .poll(() => lastIn(open, 'crossing'), PATIENCE)
      .toMatch(/"publisher":"one".*"resourceVersion":"7"/);
  });
});

describe('a publisher that was taken over', () => {
  const START = '2026-11-22T10:00:00Z';

  it('leaves the key to the end of a run that started later, also if it was written late', async () => {
    const address = nats.address('later-end');
    await using bucket = await openTestBucket(address, { presenceMs: 60_000 });
    const ran = (uid: string, startTime: string) => session('ci', {}, { uid, status: { startTime } });
    await using one = startPublisher({ address, sessions: [ran('run-1', START)] });
    await expect.poll(() => lastIn(bucket.bucket, 'later-end'), PATIENCE).toContain('"publisher":"one"');
    const end = { publisher: 'two', connection: 'gone', error: 'over', ageMs: 9_000 } as const;
    await bucket.put(ran('run-2', '2026-11-22T11:00:00Z'), end);
    one.put(session('ci', { api: 'ready' }, { uid: 'run-1', status: { startTime: START } }));
    expect(await one.publisher.failed).toMatchObject({ message: `${KEY}: taken over by two` });
    expect(await lastIn(bucket.bucket, 'later-end')).toContain('"uid":"run-2"');
  });
});

describe('two publishers of one instance that start at the same time', () => {
  it(`result in exactly one that continues, in ${ROUNDS} of ${ROUNDS} rounds`, async () => {
    const going: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const address = nats.address(`race-${round}`);
      await using bucket = await openTestBucket(address, { presenceMs: 2_000 });
      const start = (name: string) => startPublisher({ address, name, sessions: [session('ci')] });
      await using one = start('one');
      await using two = start('two');
      const both = [one, two];
      const refused = new Set<string>();
      one.publisher.failed.then(() => refused.add('one'));
      two.publisher.failed.then(() => refused.add('two'));
      await expect.poll(() => refused.size, PATIENCE).toBe(1);
      // The other publisher is alive after several more heartbeats.
      const winner = refused.has('one') ? two : one;
      const at = async () => (await bucket.bucket.presence.get(KEY))?.revision ?? 0;
      const before = await at();
      await expect.poll(at, PATIENCE).toBeGreaterThan(before + 1);
      winner.put(session('ci', {}, { resourceVersion: '9' }));
      await expect
        .poll(() => lastIn(bucket.bucket, `race-${round}`), PATIENCE)
        .toContain('"resourceVersion":"9"');
      going.push(both.length - refused.size);
    }
    expect(going).toEqual(Array.from({ length: ROUNDS }, () => 1));
  });
});
