import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_FACTS } from '../../../src/model/facts.js';
import type { Session } from '../../../src/model/session.js';
import { compress, decodeEnvelope, decompress, encodeEnvelope } from '../../../src/nats/message-format.js';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import { type ResourceOptions, withFacts } from '../../support/facts.js';
import { startGateway } from '../../support/gateway.js';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { session } from '../../support/sessions.js';
import { openTestBucket, type TestBucket } from '../../support/test-bucket.js';
import { startPublisher } from '../../support/test-publisher.js';

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats[Symbol.asyncDispose]());

const KEY = 'ci.Tiltfile';
const PATIENCE = { timeout: 20_000 };
const SHORT_PRESENCE = { presenceMs: 1_500 };

/** A Session in which `web` waits for `api`. */
const plain = session('ci', { 'api:update': 'running', 'web:update': 'waiting' });

/** The same with facts. The error is that of the cluster. */
function explained(error: string | null = null, more: ResourceOptions = {}): Session {
  const api: ResourceOptions = { kind: 'kubernetes', labels: ['backend'], ...more };
  return withFacts(
    plain,
    { api, web: { on: ['api'] } },
    { cluster: { error }, webUrl: 'http://localhost:10350' },
  );
}

const EXPLANATION = `{ session(id: "ci/Tiltfile") {
  connection { state } cluster { error } verdict { state reason }
  resources { name labels tiltUrl } status { targets { name blockedBy { name } } } } }`;

interface Explanation {
  readonly connection: string;
  /** The error of the cluster; undefined if the cluster is not known. */
  readonly cluster: string | null | undefined;
  readonly verdict: string;
  readonly reason: string | null;
  readonly labels: readonly string[] | null | undefined;
  readonly tiltUrl: string | null | undefined;
  readonly blockers: readonly string[] | undefined;
}

/** Starts a gateway that reads a bucket, with a function that queries what it knows about the Session. */
async function readBucket(address: string) {
  const gateway = await startGateway({ providers: [createNatsProvider({ address, settings: {} })] });
  return {
    async explanation(): Promise<Explanation | null> {
      interface Answer {
        readonly session: {
          readonly connection: { readonly state: string };
          readonly cluster: { readonly error: string | null } | null;
          readonly verdict: { readonly state: string; readonly reason: string | null };
          readonly resources: readonly {
            readonly name: string;
            readonly labels: readonly string[] | null;
            readonly tiltUrl: string | null;
          }[];
          readonly status: {
            readonly targets: readonly {
              readonly name: string;
              readonly blockedBy: readonly { readonly name: string }[];
            }[];
          };
        } | null;
      }
      const { data } = await gateway.query<Answer>(EXPLANATION);
      if (!data.session) return null;
      const { connection, cluster, verdict, resources, status } = data.session;
      const api = resources.find(({ name }) => name === 'api');
      const web = status.targets.find(({ name }) => name === 'web:update');
      return {
        connection: connection.state,
        cluster: cluster?.error,
        verdict: verdict.state,
        reason: verdict.reason,
        labels: api?.labels,
        tiltUrl: api?.tiltUrl,
        blockers: web?.blockedBy.map(({ name }) => name),
      };
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

/** The newest value of the key. */
async function lastIn({ bucket }: TestBucket) {
  const entry = await bucket.sessions.get(KEY);
  const text = entry?.operation === 'PUT' ? decompress(entry.value) : null;
  return text === null ? null : { text, envelope: decodeEnvelope(text, 'ci') };
}

describe('the facts about a published Session', () => {
  it('explain it at a gateway that reads the bucket: blockers by name, and the error of the cluster', async () => {
    const address = nats.address('explained');
    await using one = startPublisher({ address, sessions: [explained()] });
    await using gateway = await readBucket(address);
    await expect
      .poll(() => gateway.explanation(), PATIENCE)
      .toEqual({
        connection: 'LIVE',
        cluster: null,
        verdict: 'PENDING',
        reason: expect.stringContaining('web waits for api'),
        labels: ['backend'],
        tiltUrl: null,
        blockers: ['api:update'],
      });
    one.put(explained('connection refused'));
    await expect
      .poll(() => gateway.explanation(), PATIENCE)
      .toMatchObject({
        cluster: 'connection refused',
        verdict: 'FAILED',
        reason: 'cluster connection failed: connection refused',
      });
  });

  it('are published when nothing else has changed, without the address of Tilt', async () => {
    const address = nats.address('alone');
    await using bucket = await openTestBucket(address);
    await using one = startPublisher({ address, sessions: [plain] });
    await expect.poll(() => lastIn(bucket), PATIENCE).toBeTruthy();
    expect((await lastIn(bucket))?.text).not.toContain('facts');
    one.put(explained());
    await expect.poll(async () => (await lastIn(bucket))?.text, PATIENCE).toContain('"facts"');
    const first = await lastIn(bucket);
    expect(first?.text).not.toContain('10350');
    expect(first?.envelope.session.facts).toEqual({ ...explained().facts, webUrl: null });
    one.put(explained(null, { labels: ['frontend'] }));
    await expect.poll(async () => (await lastIn(bucket))?.text, PATIENCE).toContain('frontend');
    expect((await lastIn(bucket))?.envelope.serial).toBe((first?.envelope.serial ?? 0) + 1);
  });

  it('stay in its final state, also in one that is written again because it was deleted', async () => {
    const address = nats.address('final');
    await using bucket = await openTestBucket(address, SHORT_PRESENCE);
    await using gateway = await readBucket(address);
    await using one = startPublisher({
      address,
      settings: SHORT_PRESENCE,
      sessions: [explained('connection refused')],
    });
    await expect.poll(() => lastIn(bucket), PATIENCE).toBeTruthy();
    one.remove(plain);
    const final = {
      connection: 'GONE',
      cluster: 'connection refused',
      labels: ['backend'],
      blockers: ['api:update'],
    };
    await expect.poll(() => gateway.explanation(), PATIENCE).toMatchObject(final);
    await bucket.bucket.sessions.delete(KEY);
    await expect.poll(async () => (await lastIn(bucket))?.envelope.ageMs, PATIENCE).toBeGreaterThan(0);
    expect((await lastIn(bucket))?.envelope.session.facts?.cluster).toEqual({ error: 'connection refused' });
    await expect.poll(() => gateway.explanation(), PATIENCE).toMatchObject(final);
  });

  it('stay when the publisher is closed', async () => {
    const address = nats.address('closed');
    await using bucket = await openTestBucket(address);
    await using one = startPublisher({ address, sessions: [explained('connection refused')] });
    await expect.poll(() => lastIn(bucket), PATIENCE).toBeTruthy();
    expect(await one.publisher.close('it ended', 10_000)).toEqual([]);
    expect((await lastIn(bucket))?.envelope).toMatchObject({
      connection: 'gone',
      session: {
        facts: { cluster: { error: 'connection refused' }, resources: [{ name: 'api' }, { name: 'web' }] },
      },
    });
  });

  it('are not known from an older publisher, and become unknown when it takes over', async () => {
    const address = nats.address('older');
    await using bucket = await openTestBucket(address);
    await using gateway = await readBucket(address);
    await bucket.put(explained());
    await expect.poll(() => gateway.explanation(), PATIENCE).toMatchObject({ blockers: ['api:update'] });
    await bucket.put(plain);
    await expect
      .poll(() => gateway.explanation(), PATIENCE)
      .toMatchObject({
        connection: 'LIVE',
        cluster: undefined,
        labels: null,
        blockers: [],
      });
  });

  it('are dropped if they cannot be read, and the Session is not', async () => {
    const address = nats.address('broken');
    await using bucket = await openTestBucket(address);
    await using gateway = await readBucket(address);
    const revision = await bucket.put(explained());
    await expect.poll(() => gateway.explanation(), PATIENCE).toMatchObject({ labels: ['backend'] });
    const envelope = {
      publisher: 'test',
      serial: 9,
      previous: revision,
      connection: 'live' as const,
      error: null,
    };
    const text = encodeEnvelope({ ...envelope, session: explained('connection refused') });
    const broken = { ...JSON.parse(text), facts: { resources: 'all of them', cluster: {} } };
    await bucket.bucket.sessions.put(KEY, compress(JSON.stringify(broken)));
    await expect
      .poll(() => gateway.explanation(), PATIENCE)
      .toMatchObject({
        connection: 'LIVE',
        cluster: undefined,
        labels: null,
        blockers: [],
      });
  });
});

describe('a state that is too large with its facts', () => {
  /** Large enough, also without its facts, that changes are written as deltas as well. */
  const many = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`t${index}:update`, 'ready' as const]),
  );
  /** 24 kB that cannot be compressed. */
  const large = () => Array.from({ length: 100 }, () => randomBytes(180).toString('base64'));
  const state = (labels: readonly string[], error: string | null, web: 'waiting' | 'running' = 'waiting') =>
    withFacts(
      session('ci', { ...many, 'api:update': 'running', 'web:update': web }),
      { api: { labels }, web: { on: ['api'] } },
      { cluster: { error } },
    );

  it.each([
    { what: 'max_payload of the server', extraLines: 'max_payload: 16K' },
    { what: 'the maximum value size of the bucket', maxValueSize: 12_000 },
  ])('is published without them, which is logged once: $what', async ({ extraLines, maxValueSize }) => {
    await using small = await startNats(extraLines === undefined ? {} : { extraLines });
    const address = small.address('small');
    await using bucket = await openTestBucket(address);
    if (maxValueSize !== undefined) {
      const { manager, sessionStream } = bucket.bucket;
      const { config } = await manager.streams.info(sessionStream);
      await manager.streams.update(sessionStream, { ...config, max_msg_size: maxValueSize });
    }
    await using gateway = await readBucket(address);
    await using one = startPublisher({ address, sessions: [state(['backend'], null)] });
    const shows = (expected: Partial<Explanation>) =>
      expect.poll(() => gateway.explanation(), PATIENCE).toMatchObject({ connection: 'LIVE', ...expected });
    await shows({ labels: ['backend'], cluster: null, blockers: ['api:update'] });
    one.put(state(large(), null));
    await shows({
      labels: null,
      cluster: undefined,
      blockers: [],
      reason: expect.stringContaining('waiting: web'),
    });
    one.put(state(large(), 'refused', 'running'));
    await shows({ labels: null, cluster: undefined, reason: 'not ready: api:update, web:update' });
    one.put(state(['small'], 'no route'));
    await shows({ labels: ['small'], cluster: 'no route', blockers: ['api:update'] });
    expect(one.lines.filter((line) => line.includes('facts'))).toEqual([
      expect.stringMatching(
        /^warn ci\.Tiltfile: its state with facts about its resources cannot be written: .*; it is written without them$/,
      ),
      'info ci.Tiltfile: its state with facts about its resources is written again',
    ]);
  });

  it('only because of its delta is published without that, and with its facts', async () => {
    const address = nats.address('delta');
    await using bucket = await openTestBucket(address);
    await using gateway = await readBucket(address);
    const labels = large();
    await using one = startPublisher({ address, sessions: [state(labels, null)] });
    const shows = (expected: Partial<Explanation>) =>
      expect.poll(() => gateway.explanation(), PATIENCE).toMatchObject({ connection: 'LIVE', ...expected });
    await shows({ cluster: null });
    const { manager, sessionStream } = bucket.bucket;
    const { config } = await manager.streams.info(sessionStream);
    const message = await manager.streams.getMessage(sessionStream, { last_by_subj: `$KV.delta.${KEY}` });
    // A header with the expected revision has 70 bytes, and a delta with its digest has more than 200.
    await manager.streams.update(sessionStream, {
      ...config,
      max_msg_size: (message?.data.length ?? 0) + 150,
    });
    one.put(state(labels, 'refused', 'running'));
    await shows({ labels: expect.arrayContaining(labels), cluster: 'refused' });
    expect(one.lines).toEqual([]);
  });

  it('is published without excerpts of the log first, if it then fits with its facts', async () => {
    await using small = await startNats({ extraLines: 'max_payload: 16K' });
    const address = small.address('excerpts');
    await using gateway = await readBucket(address);
    const one = state(['backend'], 'refused');
    const lines = large().map((styledText) => ({
      time: '2026-11-26T01:40:50.233304Z',
      level: 'info' as const,
      resource: 'api',
      target: 'api:update',
      styledText,
    }));
    const excerpt = { target: 'api:update', startTime: null, finishTime: null, omitted: 0, isFinal: true };
    const facts = { ...NO_FACTS, ...one.facts, excerpts: [{ ...excerpt, lines }] };
    await using publisher = startPublisher({ address, sessions: [{ ...one, facts }] });
    await expect
      .poll(() => gateway.explanation(), PATIENCE)
      .toMatchObject({ connection: 'LIVE', labels: ['backend'], cluster: 'refused' });
    expect(publisher.lines.filter((line) => line.includes('cannot be written'))).toEqual([
      expect.stringMatching(
        /^warn ci\.Tiltfile: its state with excerpts of its log cannot be written: .*; it is written without them$/,
      ),
    ]);
  });
});
