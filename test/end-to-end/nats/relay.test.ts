import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope, decompress, formatKey } from '../../../src/nats/message-format.js';
import { runCli } from '../../support/cli.js';
import { session } from '../../support/sessions.js';
import { openTestBucket, type TestBucket } from '../../support/test-bucket.js';
import { useNats } from '../support/nats.js';

const nats = useNats();

/** Longer than a publisher that was killed counts as alive. */
const SLOW = { timeout: 60_000 };
const PRESENCE_MS = 3_000;

/** Instance and key under which a relay publishes the Session of `ci`. */
const INSTANCE = `${hostname()}.ci`;
const KEY = formatKey(INSTANCE, 'Tiltfile');

const FIRST = { uid: 'run-1', startTime: '2026-11-22T10:00:00Z' };
const SECOND = { uid: 'run-2', startTime: '2026-11-22T11:00:00Z' };

/** State of a run; with an error it is its result. */
function stateOf(instance: string, { uid, startTime }: typeof FIRST, error: string | null = null) {
  const status = error === null ? { startTime } : { startTime, done: true, error };
  return session(instance, {}, { uid, status });
}

/** Opens the bucket that a relay reads, and the one that it writes. */
async function openBuckets(name: string) {
  const [from, to] = [nats.address(`${name}-from`), nats.address(`${name}-to`)];
  const source = await openTestBucket(from, { presenceMs: PRESENCE_MS });
  const target = await openTestBucket(to, { presenceMs: PRESENCE_MS });
  return {
    source,
    target,
    relay: () => runCli(['publish', '--from', from, '--to', to]),
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

/** The newest state of the key, as a reader gets it. */
async function newestIn({ bucket }: TestBucket) {
  const entry = await bucket.sessions.get(KEY);
  if (entry?.operation !== 'PUT') return null;
  const { connection, ageMs = 0, session: state } = decodeEnvelope(decompress(entry.value), INSTANCE);
  const { done, error } = state.status;
  return { uid: state.metadata.uid, connection, done, error, isOld: ageMs > 0, ageMs };
}

/** Whether the publisher of `ci` counts as gone. */
async function isSilent({ bucket }: TestBucket): Promise<boolean> {
  return (await bucket.presence.get(formatKey('ci', 'Tiltfile'))) === null;
}

describe('publish --from a bucket', () => {
  it('writes the end of a Session that it has seen running with the time since that end', SLOW, async () => {
    await using buckets = await openBuckets('old-end');
    const { source, target } = buckets;
    await source.put(stateOf('ci', FIRST));
    await using _ = buckets.relay();
    await expect.poll(() => newestIn(target), SLOW).toMatchObject({ connection: 'live' });
    const end = { connection: 'gone', error: 'tilt exited', ageMs: 49 * 60_000 } as const;
    await source.put(stateOf('ci', FIRST, 'failed'), end);
    await expect.poll(() => newestIn(target), SLOW).toMatchObject({ connection: 'gone', isOld: true });
  });
});

describe('publish --from a bucket, started after the end of a Session', () => {
  it.each<[string, (target: TestBucket) => Promise<unknown>]>([
    ['nothing', async () => {}],
    [
      'the state of a relay that was stopped',
      (target) => target.put(stateOf(INSTANCE, FIRST), { connection: 'gone', error: 'its publisher ended' }),
    ],
    ['the state of a relay that was killed', (target) => target.put(stateOf(INSTANCE, FIRST))],
    [
      'the result of the run before',
      (target) =>
        target.put(stateOf(INSTANCE, { uid: 'run-0', startTime: '2026-11-22T09:00:00Z' }, 'boom'), {
          connection: 'gone',
        }),
    ],
  ])('writes its result, with its age, if the other bucket has %s', SLOW, async (what, prepare) => {
    await using buckets = await openBuckets(`result-${what.length}`);
    const { source, target } = buckets;
    await source.put(stateOf('ci', FIRST));
    await source.put(stateOf('ci', FIRST, 'failed'), { connection: 'gone', error: 'tilt exited' });
    await prepare(target);
    await using _ = buckets.relay();
    const result = { uid: 'run-1', connection: 'gone', done: true, error: 'failed', isOld: true };
    await expect.poll(() => newestIn(target), SLOW).toMatchObject(result);
  });

  it.each<[string, (target: TestBucket) => Promise<number>]>([
    ['a later run', (target) => target.put(stateOf(INSTANCE, SECOND))],
    [
      'the result of a later run',
      (target) => target.put(stateOf(INSTANCE, SECOND, 'boom'), { connection: 'gone' }),
    ],
    ['the same result', (target) => target.put(stateOf(INSTANCE, FIRST, 'failed'), { connection: 'gone' })],
  ])('writes nothing of it if the other bucket has %s', SLOW, async (what, prepare) => {
    await using buckets = await openBuckets(`kept-${what.length}`);
    const { source, target } = buckets;
    await source.put(stateOf('ci', FIRST));
    await source.put(stateOf('ci', FIRST, 'failed'), { connection: 'gone', error: 'tilt exited' });
    await source.put(stateOf('other', FIRST));
    const revision = await prepare(target);
    await using relay = buckets.relay();
    const other = formatKey(`${hostname()}.other`, 'Tiltfile');
    await expect.poll(() => target.bucket.sessions.get(other), SLOW).not.toBeNull();
    relay.process.kill('SIGTERM');
    expect(await relay.exit).toBe(0);
    expect((await target.bucket.sessions.get(KEY))?.revision).toBe(revision);
  });
});

describe('publish --from a bucket with a run whose publisher was killed', () => {
  it.each<[string, (target: TestBucket) => Promise<number>]>([
    ['a later run', (target) => target.put(stateOf(INSTANCE, SECOND))],
    [
      'the result of a later run',
      (target) => target.put(stateOf(INSTANCE, SECOND, 'boom'), { connection: 'gone' }),
    ],
  ])('writes nothing of it if the other bucket has %s', SLOW, async (what, prepare) => {
    await using buckets = await openBuckets(`silent-${what.length}`);
    const { source, target } = buckets;
    await source.put(stateOf('ci', FIRST, 'failed'));
    await expect.poll(() => isSilent(source), SLOW).toBe(true);
    await source.put(stateOf('other', FIRST));
    const revision = await prepare(target);
    await using relay = buckets.relay();
    const other = formatKey(`${hostname()}.other`, 'Tiltfile');
    await expect.poll(() => target.bucket.sessions.get(other), SLOW).not.toBeNull();
    relay.process.kill('SIGTERM');
    expect(await relay.exit).toBe(0);
    expect((await target.bucket.sessions.get(KEY))?.revision).toBe(revision);
  });

  it(
    'writes a result as STALE with the time since its last state, also to the next bucket',
    SLOW,
    async () => {
      const [one, two, three] = [nats.address('chain-1'), nats.address('chain-2'), nats.address('chain-3')];
      await using source = await openTestBucket(one, { presenceMs: PRESENCE_MS });
      await using last = await openTestBucket(three);
      await source.put(stateOf('ci', FIRST, 'failed'));
      const writtenAt = Date.now();
      await expect.poll(() => isSilent(source), SLOW).toBe(true);
      await using _ = runCli(['publish', '--from', one, '--to', two, '--instance', 'ci']);
      await using relay = runCli(['publish', '--from', two, '--to', three, '--instance', INSTANCE]);
      await expect.poll(() => newestIn(last), SLOW).toMatchObject({ connection: 'stale', isOld: true });
      const silentMs = Date.now() - writtenAt;
      relay.process.kill('SIGTERM');
      expect(await relay.exit).toBe(0);
      expect(await newestIn(last)).toMatchObject({ connection: 'gone', done: true });
      // An age is computed before the requests of a claim, which take milliseconds.
      expect((await newestIn(last))?.ageMs).toBeGreaterThan(silentMs - 1_000);
    },
  );
});
