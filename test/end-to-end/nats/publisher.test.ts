import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/lib/clock.js';
import type { Log } from '../../../src/lib/log.js';
import type { LogChange } from '../../../src/nats/log-change.js';
import { decodeEnvelope, decompress } from '../../../src/nats/message-format.js';
import { connectBroker } from '../../../src/nats/publish/broker.js';
import { createCommandPublisher } from '../../../src/nats/publish/command-publisher.js';
import { createPublisher } from '../../../src/nats/publish/publisher.js';
import { parseAddress } from '../../../src/nats/settings.js';
import { createStore, type Store } from '../../../src/store/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { session } from '../../support/sessions.js';
import { openTcpProxy } from '../../support/tcp-proxy.js';
import { openTestBucket, type TestBucket } from '../../support/test-bucket.js';
import { startPublisher } from '../../support/test-publisher.js';

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats[Symbol.asyncDispose]());

const KEY = 'ci.Tiltfile';
const PATIENCE = { timeout: 20_000 };

/** The n-th state of a Session. */
function stateOf(n: number) {
  return session('ci', {}, { resourceVersion: String(n) });
}

/** The states of a Session in the bucket, oldest first. */
async function historyOf({ bucket }: TestBucket) {
  const history = [];
  for await (const entry of await bucket.sessions.history({ key: KEY })) {
    const { publisher, previous, connection, session } = decodeEnvelope(decompress(entry.value), 'ci');
    const { resourceVersion } = session.metadata;
    history.push({
      n: Number(resourceVersion),
      publisher,
      previous,
      connection,
      revision: entry.revision,
      at: entry.created,
    });
  }
  return history;
}

/** Connection and age of the newest state of an instance. */
async function newestIn({ bucket }: TestBucket, instance: string) {
  const entry = await bucket.sessions.get(`${instance}.Tiltfile`);
  if (entry === null) return null;
  const { connection, ageMs = 0 } = decodeEnvelope(decompress(entry.value), instance);
  return { connection, ageMs };
}

const numbersIn = async (bucket: TestBucket) => (await historyOf(bucket)).map(({ n }) => n);

async function publisherIn({ bucket }: TestBucket): Promise<string | undefined> {
  return (await bucket.presence.get(KEY))?.string();
}

async function presenceRevisionIn({ bucket }: TestBucket): Promise<number> {
  return (await bucket.presence.get(KEY))?.revision ?? 0;
}

/** Whether a line reports that a state could not be written yet. */
function isNotWritten(line: string): boolean {
  return line.startsWith(`debug ${KEY}: not written yet`) || line.startsWith(`warn ${KEY}: its newest state`);
}

describe('a publisher', () => {
  it('that is rejected names the publisher of the Session and writes nothing', async () => {
    const address = nats.address('refused');
    await using bucket = await openTestBucket(address);
    await using one = startPublisher({ address, sessions: [stateOf(1)] });
    await expect.poll(() => publisherIn(bucket), PATIENCE).toBe('one');
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1]);
    await using two = startPublisher({ address, name: 'two', sessions: [stateOf(2)] });
    const silence = 'it counts as gone after 15 s';
    const what = `${KEY}: another publisher (one) publishes this Session; stop that one (${silence})`;
    expect(await two.publisher.failed).toMatchObject({
      code: 'refused',
      message: `${what}, give this one another --instance, or take over with --take-over`,
    });
    expect(await two.publisher.close('over', 1_000)).toEqual([]);
    one.put(stateOf(3));
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1, 3]);
    expect(await publisherIn(bucket)).toBe('one');
  });

  it.each([
    ['when it writes', { presenceMs: 60_000 }, true],
    ['when it sends a heartbeat', { presenceMs: 1_500 }, false],
  ])('that is taken over notices it %s and ends', async (_, settings, doesWrite) => {
    const address = nats.address(`taken-${doesWrite}`);
    await using bucket = await openTestBucket(address, settings);
    await using one = startPublisher({ address, sessions: [stateOf(1)] });
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1]);
    await using two = startPublisher({ address, name: 'two', takeOver: true, sessions: [stateOf(2)] });
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1, 2]);
    if (doesWrite) one.put(stateOf(3));
    expect(await one.publisher.failed).toMatchObject({
      code: 'refused',
      message: `${KEY}: taken over by two`,
    });
    expect(one.lines.at(-1)).toBe(`error ${KEY}: taken over by two`);
    one.put(stateOf(4));
    // It writes neither later states nor its end to the key of the other publisher.
    expect(await one.publisher.close('over', 1_000)).toEqual([]);
    two.put(stateOf(5));
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1, 2, 5]);
    expect(await publisherIn(bucket)).toBe('two');
  });

  it('recognizes a write whose response was lost: no state is repeated or missing', async () => {
    await using bucket = await openTestBucket(nats.address('answer'), { presenceMs: 1_500 });
    await using proxy = await openTcpProxy(nats.port);
    await using one = startPublisher({
      address: `nats://127.0.0.1:${proxy.port}/answer`,
      sessions: [stateOf(1)],
    });
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1]);
    proxy.dropResponses();
    one.put(stateOf(2));
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1, 2]);
    proxy.cut();
    proxy.restore();
    await expect.poll(() => one.lines.filter(isNotWritten).length, PATIENCE).toBeGreaterThan(0);
    // Long after the retry, as several heartbeats show.
    const signs = await presenceRevisionIn(bucket);
    await expect.poll(() => presenceRevisionIn(bucket), PATIENCE).toBeGreaterThan(signs + 3);
    one.put(stateOf(3));
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1, 2, 3]);
    const history = await historyOf(bucket);
    expect(history.map(({ previous }) => previous)).toEqual(
      [0, ...history.map(({ revision }) => revision)].slice(0, -1),
    );
  });

  it('keeps only the newest state while the broker is disconnected', async () => {
    await using bucket = await openTestBucket(nats.address('newest'));
    await using proxy = await openTcpProxy(nats.port);
    await using one = startPublisher({
      address: `nats://127.0.0.1:${proxy.port}/newest`,
      sessions: [stateOf(0)],
    });
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([0]);
    proxy.cut();
    await expect.poll(() => one.broker.isDown, PATIENCE).toBe(true);
    one.put(stateOf(1));
    await expect.poll(() => one.lines.filter(isNotWritten).length, PATIENCE).toBeGreaterThan(0);
    for (let n = 2; n <= 50; n += 1) one.put(stateOf(n));
    proxy.restore();
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([0, 50]);
  });

  it('writes the state again exactly after half of the age limit of the bucket', async () => {
    const maxAgeMs = 3_000;
    const address = nats.address('age');
    await using bucket = await openTestBucket(address, { maxAgeMs, presenceMs: 600 });
    await using one = startPublisher({ address, sessions: [stateOf(1)] });
    await expect.poll(async () => (await historyOf(bucket)).length, PATIENCE).toBe(1);
    const [first] = await historyOf(bucket);
    await expect.poll(async () => (await historyOf(bucket)).length, PATIENCE).toBe(2);
    const again = (await historyOf(bucket)).at(-1);
    expect(again).toMatchObject({ n: 1, publisher: 'one', connection: 'live', previous: first?.revision });
    expect(Number(again?.at) - Number(first?.at)).toBeGreaterThanOrEqual(maxAgeMs / 2);
    expect(one.lines).toEqual([]);
  });

  it('gives up when it ends and the broker stays disconnected until the deadline, and lists the unwritten keys', async () => {
    await using bucket = await openTestBucket(nats.address('deadline'));
    await using proxy = await openTcpProxy(nats.port);
    const address = `nats://127.0.0.1:${proxy.port}/deadline`;
    await using one = startPublisher({ address, sessions: [stateOf(1)] });
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1]);
    proxy.cut();
    await expect.poll(() => one.broker.isDown, PATIENCE).toBe(true);
    one.put(stateOf(2));
    expect(await one.publisher.close('the Tilt ended', 200)).toEqual([KEY]);
    expect(await numbersIn(bucket)).toEqual([1]);
  });

  it('writes at its end that a done Session whose connection was lost a minute ago ended then', async () => {
    const address = nats.address('lost');
    const clock = createManualClock();
    await using bucket = await openTestBucket(address);
    const done = session('ci', {}, { status: { done: true } });
    await using one = startPublisher({ address, clock, sessions: [done, session('open')] });
    await expect.poll(() => newestIn(bucket, 'open'), PATIENCE).toMatchObject({ connection: 'live' });
    one.markStale('ci.json: not JSON');
    await expect.poll(() => newestIn(bucket, 'open'), PATIENCE).toMatchObject({ connection: 'stale' });
    await clock.advance(60_000);
    expect(await one.publisher.close('its publisher ended', 5_000)).toEqual([]);
    expect(await newestIn(bucket, 'ci')).toEqual({ connection: 'gone', ageMs: 60_000 });
    expect(await newestIn(bucket, 'open')).toEqual({ connection: 'gone', ageMs: 0 });
  });

  it('writes the end of a run of which nothing else could be written, although another one used the key', async () => {
    await using bucket = await openTestBucket(nats.address('offline-run'));
    await using proxy = await openTcpProxy(nats.port);
    const runOf = (hour: number, done: boolean) =>
      session(
        'ci',
        {},
        {
          uid: `run-${hour}`,
          resourceVersion: String(hour),
          status: { startTime: `2026-11-22T${hour}:00:00Z`, done },
        },
      );
    await using one = startPublisher({
      address: `nats://127.0.0.1:${proxy.port}/offline-run`,
      sessions: [runOf(10, true)],
    });
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([10]);
    one.remove(runOf(10, true));
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([10, 10]);
    await bucket.put(runOf(11, true), { publisher: 'two', connection: 'gone' });
    proxy.cut();
    await expect.poll(() => one.broker.isDown, PATIENCE).toBe(true);
    one.put(runOf(12, false));
    one.put(runOf(12, true));
    one.remove(runOf(12, true));
    proxy.restore();
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([10, 10, 11, 12]);
    expect((await historyOf(bucket)).at(-1)).toMatchObject({ publisher: 'one', connection: 'gone' });
    expect(one.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('writes at its end that the Session is GONE, and deletes its heartbeat', async () => {
    const address = nats.address('end');
    await using bucket = await openTestBucket(address);
    await using one = startPublisher({ address, sessions: [stateOf(1)] });
    await expect.poll(() => publisherIn(bucket), PATIENCE).toBe('one');
    expect(await one.publisher.close('the Tilt ended', 5_000)).toEqual([]);
    expect((await historyOf(bucket)).at(-1)).toMatchObject({ n: 1, connection: 'gone' });
    expect(await publisherIn(bucket)).toBe('');
    // The next publisher needs no take-over.
    await using two = startPublisher({ address, name: 'two', sessions: [stateOf(2)] });
    await expect.poll(() => publisherIn(bucket), PATIENCE).toBe('two');
    expect(two.lines).toEqual([]);
  });

  it('sends heartbeats and writes again after its broker was restarted and lost the presence bucket', async () => {
    await using server = await startNats();
    const address = server.address('restart');
    await using one = startPublisher({ address, settings: { presenceMs: 1_500 }, sessions: [stateOf(1)] });
    await one.broker.bucket();
    await server.kill();
    await expect.poll(() => one.broker.isDown, PATIENCE).toBe(true);
    one.put(stateOf(2));
    await server.start();
    // Uses its own connection, because opening a bucket creates it.
    const { manager } = await one.broker.bucket();
    const newestIn = (name: string) =>
      manager.streams.getMessage(`KV_${name}`, { last_by_subj: `$KV.${name}.${KEY}` }).then(
        (message) => message?.string(),
        () => null,
      );
    await expect.poll(() => newestIn('restart'), PATIENCE).toContain('"resourceVersion":"2"');
    await expect.poll(() => newestIn('restart_presence'), PATIENCE).toBe('one');
  });
});

describe('a publisher that has read a run while its broker could not be reached', () => {
  const FAILED = runOf('ci', '2026-11-22T11:30:00Z', 'test failed');

  it.each([
    ['37 s later', 37_000],
    ['at once', 0],
  ])(
    'and writes the end %s leaves the key to the result of a later run, and logs it',
    async (what, ageMs) => {
      await using bucket = await openTestBucket(nats.address(`first-${what.length}`));
      await bucket.put(FAILED, { publisher: 'two', connection: 'gone' });
      const lines = await endInOutage(bucket, '2026-11-22T11:00:00Z', ageMs);
      expect((await historyOf(bucket)).map((state) => state.publisher)).toEqual(['two']);
      expect(lines).toContain(
        `warn ${KEY}: this run is not written: the key has a later one, or the end of this one`,
      );
    },
  );

  it.each([
    ['37 s later', 37_000],
    ['at once', 0],
  ])('and writes the end %s replaces the result of a run that may be an earlier one', async (what, ageMs) => {
    await using bucket = await openTestBucket(nats.address(`unknown-${what.length}`));
    await bucket.put(FAILED, { publisher: 'two', connection: 'gone' });
    await endInOutage(bucket, null, ageMs);
    expect((await historyOf(bucket)).map((state) => state.publisher)).toEqual(['two', 'one']);
  });

  function runOf(instance: string, startTime: string | null, error: string | null = null) {
    return session(instance, {}, { uid: startTime ?? 'none', status: { startTime, done: true, error } });
  }

  /** Reads runs that end while the broker cannot be reached. Resolves with the log, with the ends written. */
  async function endInOutage(bucket: TestBucket, startTime: string | null, ageMs: number): Promise<string[]> {
    const clock = createManualClock();
    const lines: string[] = [];
    await using proxy = await openTcpProxy(nats.port);
    proxy.cut();
    const address = parseAddress(`nats://127.0.0.1:${proxy.port}/${bucket.bucket.address.bucket}`);
    const store = createStore({ clock, epoch: 'source' });
    store.open('tilt');
    const log: Log = (level, text) => lines.push(`${level} ${text}`);
    const parts = { clock, random: () => 0, log, publisher: 'one', takeOver: false };
    const broker = connectBroker({ ...parts, address, credentials: {}, settings: {} });
    const instanceOf = ({ instance }: { readonly instance: string }) => instance;
    const publisher = createPublisher({ ...parts, store, broker, instanceOf });
    const sessions = ['ci', 'other'].map((instance) => runOf(instance, startTime));
    store.apply('tilt', { type: 'snapshot', sessions });
    store.apply('tilt', { type: 'snapshot', sessions: [] });
    await clock.advance(ageMs);
    proxy.restore();
    const other = async () => {
      await clock.advance(1);
      return await newestIn(bucket, 'other');
    };
    await expect.poll(other, PATIENCE).toMatchObject({ connection: 'gone' });
    expect(await publisher.close('over', 5_000)).toEqual([]);
    store.dispose();
    return lines;
  }
});

/** A state that is read from a bucket. */
type Upsert = Extract<LogChange, { readonly type: 'upsert' }>;

describe('a publisher that copies a bucket and was disconnected from it', () => {
  const at = (number: number) => ({ log: 'source', number });
  const first = (n: number, done = false) =>
    session('ci', {}, { resourceVersion: String(n), status: { done } });
  const second = (n: number) => session('ci', {}, { uid: 'run-2', resourceVersion: String(n) });
  const since = '2026-11-22T12:00:00Z';
  const silence = { state: 'stale', since, error: 'no heartbeat of its publisher for 15 s' } as const;
  const end = { state: 'gone', since, error: 'Tilt exited' } as const;

  it.each<[string, readonly Upsert[], readonly string[]]>([
    [
      'only the newest state of a run that continues',
      [
        { type: 'upsert', session: first(2), at: at(2) },
        { type: 'upsert', session: first(3), at: at(3) },
      ],
      ['3 live'],
    ],
    [
      'no earlier state of a run whose publisher is silent',
      [
        { type: 'upsert', session: first(2), at: at(2) },
        { type: 'upsert', session: first(3), connection: silence, at: at(3) },
      ],
      ['3 stale'],
    ],
    [
      'the result of a run before the next run',
      [
        { type: 'upsert', session: first(2), at: at(2) },
        { type: 'upsert', session: first(3, true), connection: end, at: at(3) },
        { type: 'upsert', session: second(4), at: at(4) },
        { type: 'upsert', session: second(5), at: at(5) },
      ],
      ['3 gone', '5 live'],
    ],
  ])('writes %s, also while a command runs', async (what, followedBy, expected) => {
    const last = expected.at(-1)?.replace(/ .*/, ' gone') ?? '';
    const all = ['1 live', '1 stale', ...expected, last];
    expect(await copy(`copied-${what.length}`, followedBy, publishAll)).toEqual(all);
    expect(await copy(`command-copied-${what.length}`, followedBy, publishOfCommand)).toEqual(all);
  });

  /** Reads changes together after a disconnect. Resolves with the states that are written. */
  async function copy(
    name: string,
    followedBy: readonly Upsert[],
    start: (parts: CommandParts) => { close(): Promise<readonly string[]> },
  ): Promise<string[]> {
    const address = nats.address(name);
    await using bucket = await openTestBucket(address);
    const clock = createManualClock();
    const store = createStore({ clock, epoch: 'source' });
    store.open('source');
    store.apply('source', { type: 'snapshot', sessions: [first(1)], at: at(1) });
    const publisher = start({ clock, store, address, source: 'source' });
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1]);
    store.apply('source', { type: 'stale', error: 'disconnected' });
    await expect.poll(() => numbersIn(bucket), PATIENCE).toEqual([1, 1]);
    const upTo = followedBy.at(-1)?.at;
    store.apply('source', {
      type: 'snapshot',
      sessions: [first(1)],
      at: at(1),
      ...(upTo && { upTo }),
      followedBy,
    });
    expect(await publisher.close()).toEqual([]);
    store.dispose();
    return (await historyOf(bucket)).map(({ n, connection }) => `${n} ${connection}`);
  }

  function publishAll({ clock, store, address }: CommandParts) {
    const parts = { clock, random: () => 0, log: () => {}, publisher: 'one', takeOver: false };
    const broker = connectBroker({ ...parts, address: parseAddress(address), credentials: {}, settings: {} });
    const publisher = createPublisher({ ...parts, store, broker, instanceOf: ({ instance }) => instance });
    return { close: () => publisher.close('over', 5_000) };
  }

  function publishOfCommand(parts: CommandParts) {
    const publisher = publishCommand(parts);
    return { close: () => publisher.close({ code: 0, how: 'exited with code 0' }, 5_000) };
  }
});

/** Starts the publisher of a command that publishes the Sessions of a source. */
function publishCommand({ clock, store, address, source }: CommandParts) {
  const parts = { clock, log: () => {}, random: Math.random };
  const broker = connectBroker({ ...parts, address: parseAddress(address), credentials: {}, settings: {} });
  return createCommandPublisher({
    ...parts,
    store,
    broker,
    publisher: 'one',
    takeOver: false,
    run: { uid: 'run', pid: null, startTime: '2026-11-22T11:00:00.000Z' },
    instance: null,
    instanceOf: ({ instance }) => instance,
    explicitSources: new Set([source]),
    followsTilts: false,
    processes: { list: async () => new Map(), hasVariable: () => false },
  });
}

interface CommandParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly address: string;
  readonly source: string;
}

describe('the publisher of a command', () => {
  it.each<[string, Parameters<Store['apply']>[1]]>([
    ['ended', { type: 'remove', id: 'ci/Tiltfile', reason: 'Tilt exited' }],
    ['was done and lost its connection', { type: 'stale', error: 'connection refused' }],
  ])('writes at its end that a Session that %s a minute ago ended then', async (what, change) => {
    const address = nats.address(`command-${what.length}`);
    const clock = createManualClock();
    await using bucket = await openTestBucket(address);
    const store = createStore({ clock, epoch: 'source' });
    store.open('file');
    store.apply('file', { type: 'snapshot', sessions: [session('ci', {}, { status: { done: true } })] });
    const publisher = publishCommand({ clock, store, address, source: 'file' });
    await expect.poll(() => newestIn(bucket, 'ci'), PATIENCE).toMatchObject({ connection: 'live' });
    store.apply('file', change);
    await clock.advance(60_000);
    expect(await publisher.close({ code: 0, how: 'exited with code 0' }, 5_000)).toEqual([]);
    expect(await newestIn(bucket, 'ci')).toEqual({ connection: 'gone', ageMs: 60_000 });
    store.dispose();
  });
});
