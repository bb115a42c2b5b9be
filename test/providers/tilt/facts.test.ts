import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/model/change.js';
import type { SessionFacts } from '../../../src/model/facts.js';
import { verdictOfRecord } from '../../../src/store/record.js';
import { createStore } from '../../../src/store/store.js';
import { readChanges } from '../../support/change-reader.js';
import { type FollowedTilt, followTilt } from '../../support/follow-tilt.js';
import { advanceUntil, createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { clusterJson, resourceJson } from '../../support/resource-json.js';
import { brokenSessionJson, type SessionJson, sessionJson } from '../../support/session-json.js';
import { PLURALS } from '../../support/tilt-kind.js';
import { createTiltServer, type TiltServer } from '../../support/tilt-server.js';

const A = { uid: 'a' };
const FOLD_MS = 50;
const HOLD_MS = 1_000;

/** A server with all three kinds, and a Session. */
const startServer = () =>
  createTiltServer({ sessions: [sessionJson(A)], kinds: ['uiresources', 'clusters'] });

interface Setup {
  readonly clock: ManualClock;
  readonly server: TiltServer;
  readonly tilt: FollowedTilt;
}

/** Runs a test with a provider that watches all kinds of a server. */
async function withTilt(run: (setup: Setup) => Promise<void>): Promise<void> {
  const clock = createManualClock();
  await using server = await startServer();
  server.kind('uiresources').put(resourceJson('api'));
  server.kind('clusters').put(clusterJson(null));
  await using tilt = await followTilt(server, { clock, random: () => 0.5 });
  await untilWatched(server);
  await tilt.until(() => tilt.count('snapshot') === 1);
  await readAll(server);
  await run({ clock, server, tilt });
}

const untilWatched = (server: TiltServer) =>
  server.until(() => PLURALS.every((plural) => server.kind(plural).openWatches === 1));

const factsOf = (tilt: Pick<FollowedTilt, 'sessions'>): SessionFacts | undefined =>
  tilt.sessions.get('Tiltfile')?.facts;

const namesOf = (tilt: Pick<FollowedTilt, 'sessions'>) =>
  factsOf(tilt)?.resources?.map(({ name }) => name) ?? null;

/** Waits for a change of the facts, whose folding the clock controls. */
async function untilFacts(
  { clock, tilt }: Pick<Setup, 'clock' | 'tilt'>,
  condition: () => boolean,
): Promise<void> {
  await advanceUntil(clock, () => condition(), FOLD_MS);
  expect(tilt.count('stale')).toBe(0);
}

describe('the facts of a Session', () => {
  test('the first snapshot of a Tilt has its resources, sorted by name, its cluster and the address of its UI', async () => {
    await using server = await startServer();
    server.kind('uiresources').put(resourceJson('web', { order: 1 }, { labels: { shop: 'shop' } }));
    server.kind('uiresources').put(resourceJson('api', { order: 2 }));
    server.kind('clusters').put(clusterJson('connection refused'));
    server.kind('clusters').put(clusterJson(null, 'other'));
    await using tilt = await followTilt(server, { clock: createManualClock() });
    await tilt.until(() => tilt.count('snapshot') === 1);
    expect(factsOf(tilt)).toMatchObject({
      resources: [
        { name: 'api', labels: [], order: 2 },
        { name: 'web', labels: ['shop'], order: 1 },
      ],
      cluster: { error: 'connection refused' },
      webUrl: 'http://localhost:10350',
    });
    expect(tilt.changes).toHaveLength(1);
    expect([...tilt.availability.values()]).toEqual([null, null]);
  });

  test('a burst of changed resources is pushed once, 50 ms after the first, as an upsert without changed targets', () =>
    withTilt(async ({ clock, server, tilt }) => {
      const resources = server.kind('uiresources');
      for (const name of ['web', 'docs', 'e2e']) resources.put(resourceJson(name));
      await readAll(server);
      await clock.advance(FOLD_MS - 1);
      expect(tilt.changes).toHaveLength(1);
      await clock.advance(1);
      expect(tilt.changes.slice(1)).toMatchObject([{ type: 'upsert', changedTargets: [] }]);
      expect(namesOf(tilt)).toEqual(['api', 'docs', 'e2e', 'web']);
    }));

  test('a change of the Session has the newest facts, which are not pushed again', () =>
    withTilt(async ({ clock, server, tilt }) => {
      server.kind('uiresources').put(resourceJson('web'));
      await readAll(server);
      server.put(sessionJson({ ...A, status: { pid: 5 } }));
      await tilt.until(() => tilt.count('upsert') === 1);
      expect(namesOf(tilt)).toEqual(['api', 'web']);
      await clock.advance(FOLD_MS);
      expect(tilt.changes).toHaveLength(2);
    }));

  test('an event that changes nothing that is kept of a resource is not pushed', () =>
    withTilt(async ({ clock, server, tilt }) => {
      server.kind('uiresources').put(resourceJson('api', { buildHistory: [{ warnings: ['slow'] }] }));
      server.kind('clusters').put(clusterJson('not the cluster of the Session', 'other'));
      await readAll(server);
      await clock.advance(FOLD_MS);
      expect(tilt.changes).toHaveLength(1);
    }));

  test('an older version of a resource is dropped, a DELETED removes it, and an unreadable one keeps its last good state', () =>
    withTilt(async ({ clock, server, tilt }) => {
      const resources = server.kind('uiresources');
      const { metadata } = resources.put(resourceJson('web', { order: 7 }));
      await untilFacts({ clock, tilt }, () => namesOf(tilt)?.length === 2);
      resources.emit('MODIFIED', {
        ...resourceJson('web', { order: 3 }),
        metadata: { ...metadata, resourceVersion: '1' },
      });
      resources.put(resourceJson('web', { order: 'seven' }));
      resources.write('nonsense\n');
      resources.remove('api');
      await untilFacts({ clock, tilt }, () => namesOf(tilt)?.length === 1);
      expect(factsOf(tilt)?.resources).toMatchObject([{ name: 'web', order: 7 }]);
    }));

  test('a Session that is stale is not made LIVE by a change of its facts', () =>
    withTilt(async ({ clock, server, tilt }) => {
      server.put(brokenSessionJson(A));
      await tilt.until(() => tilt.count('stale') === 1);
      server.kind('uiresources').put(resourceJson('web'));
      await readAll(server);
      await clock.advance(FOLD_MS);
      expect(tilt.changes.map(({ type }) => type)).toEqual(['snapshot', 'stale']);
      server.put(sessionJson(A));
      await tilt.until(() => tilt.count('upsert') === 1);
      expect(namesOf(tilt)).toEqual(['api', 'web']);
    }));
});

describe('the facts of an API with several namespaces', () => {
  const inNamespace = (namespace: string, { metadata, ...object }: SessionJson): SessionJson => ({
    ...object,
    metadata: { ...metadata, namespace },
  });

  /** A Session whose target `lint:update` has this state. */
  const lintSession = (namespace: string, state: object) => {
    const of = (name: string, to: object) => ({
      name: `${name}:update`,
      type: 'job',
      resources: [name],
      state: to,
    });
    const ended = { startTime: '2026-11-22T11:00:00.000000Z', finishTime: '2026-11-22T11:00:01.000000Z' };
    const targets = [of('lint', state), of('tiltfile', { terminated: ended })];
    return inNamespace(namespace, sessionJson({ uid: namespace, targets }));
  };

  /** `a` has an automatic resource that is about to run, `b` a manual one, its cluster is broken. */
  async function startServerOfTeams(): Promise<TiltServer> {
    const server = await createTiltServer({
      sessions: [lintSession('a', { waiting: { waitReason: 'unknown' } }), lintSession('b', { active: {} })],
      kinds: ['uiresources', 'clusters'],
    });
    const [resources, clusters] = [server.kind('uiresources'), server.kind('clusters')];
    resources.put(inNamespace('a', resourceJson('lint', { updateStatus: 'pending' })));
    const manual = { triggerMode: 1, hasPendingChanges: true, k8sResourceInfo: {}, localResourceInfo: null };
    resources.put(inNamespace('b', resourceJson('lint', manual)));
    clusters.put(inNamespace('a', clusterJson(null)));
    clusters.put(inNamespace('b', clusterJson('connection refused')));
    return server;
  }

  const read = (changes: readonly Change[]) => {
    const store = createStore({ clock: createManualClock(), epoch: 'e' });
    store.open('k8s');
    for (const change of changes) store.apply('k8s', change);
    return store.ids().flatMap((id) => store.get(id) ?? []);
  };

  test('explain the Sessions of their namespace only', async () => {
    await using server = await startServerOfTeams();
    await using tilt = await followTilt(server, { clock: createManualClock(), name: 'k8s' });
    await tilt.until(() => tilt.count('snapshot') === 1);
    const shown = read(tilt.changes).map((record) => {
      const { state, reason } = verdictOfRecord(record);
      return [record.id, record.facts?.resources?.map(({ triggerMode }) => triggerMode), state, reason];
    });
    expect(shown).toEqual([
      ['k8s/a/Tiltfile', ['auto'], 'pending', 'waiting: lint:update'],
      [
        'k8s/b/Tiltfile',
        ['manual-with-auto-init'],
        'failed',
        'cluster connection failed: connection refused',
      ],
    ]);
  });

  test('are pushed for the Sessions of a namespace when they change, and for no others', async () => {
    const clock = createManualClock();
    await using server = await startServerOfTeams();
    await using tilt = await followTilt(server, { clock, name: 'k8s' });
    await untilWatched(server);
    await tilt.until(() => tilt.count('snapshot') === 1);
    server.kind('uiresources').put(inNamespace('b', resourceJson('test')));
    server.kind('clusters').put(inNamespace('c', clusterJson('refused')));
    await untilFacts({ clock, tilt }, () => tilt.count('upsert') > 0);
    await readAll(server);
    await clock.advance(FOLD_MS);
    const [, ...changes] = tilt.changes;
    expect(changes).toMatchObject([
      { type: 'upsert', session: { id: 'k8s/b/Tiltfile' }, changedTargets: [] },
    ]);
    const ofB = read(tilt.changes).find(({ id }) => id === 'k8s/b/Tiltfile');
    expect(ofB?.facts?.resources?.map(({ name }) => name)).toEqual(['lint', 'test']);
  });
});

describe('the first snapshot of a Tilt', () => {
  test('waits 1 s for a kind that does not answer, while the Session is read, and its facts follow when it does', async () => {
    const clock = createManualClock();
    await using server = await startServer();
    server.kind('uiresources').respond('list', 'silent', 1);
    server.kind('clusters').put(clusterJson(null));
    await using tilt = await followTilt(server, { clock, random: () => 0.5 });
    await server.until(() => server.openWatches === 1 && server.kind('clusters').openWatches === 1);
    await server.until(() => server.kind('uiresources').count('list') === 1);
    for (let pid = 1; pid <= 20; pid += 1) {
      server.put(sessionJson({ ...A, status: { pid, error: 'x'.repeat(200_000) } }));
      await server.drained();
    }
    await clock.advance(HOLD_MS - 1);
    expect(tilt.changes).toEqual([]);
    await clock.advance(1);
    await tilt.until(() => tilt.sessions.get('Tiltfile')?.status.pid === 20);
    expect(factsOf(tilt)).toMatchObject({ resources: null, cluster: { error: null } });
    await untilFacts({ clock, tilt }, () => namesOf(tilt) !== null);
    expect(tilt.availability.get('uiresources')).toBeNull();
    expect(server.count('list')).toBe(1);
  });

  test('waits for the second attempt to list a kind, so that a passing error does not hide a failure', async () => {
    const clock = createManualClock();
    await using server = await startServer();
    const resources = server.kind('uiresources');
    resources.respond('list', { status: 503 }, 1);
    resources.put(resourceJson('api', { k8sResourceInfo: {}, localResourceInfo: null }));
    server.kind('clusters').put(clusterJson('connection refused'));
    await using tilt = await followTilt(server, { clock, random: () => 0.5 });
    await advanceUntil(clock, () => resources.count('list') === 2, 1);
    await tilt.until(() => tilt.changes.length > 0);
    const facts = {
      resources: [{ name: 'api', kind: 'kubernetes' }],
      cluster: { error: 'connection refused' },
    };
    expect(tilt.changes).toMatchObject([{ type: 'snapshot', sessions: [{ facts }] }]);
  });

  test('is pushed after the second failure to list a kind, with the reason why its facts are not known', async () => {
    const clock = createManualClock();
    await using server = await startServer();
    const resources = server.kind('uiresources');
    resources.respond('list', { status: 503 });
    server.kind('clusters').put(clusterJson(null));
    await using tilt = await followTilt(server, { clock, random: () => 0.5 });
    await advanceUntil(clock, () => resources.count('list') === 2, 1);
    await tilt.until(() => tilt.availability.has('uiresources'));
    expect(tilt.changes).toMatchObject([
      { type: 'snapshot', sessions: [{ facts: { resources: null, cluster: { error: null } } }] },
    ]);
    expect(tilt.availability.get('uiresources')).toContain('503 Service Unavailable');
  });

  test('is pushed at once when the connection of the Session breaks meanwhile', async () => {
    const clock = createManualClock();
    await using server = await startServer();
    server.kind('clusters').respond('list', 'silent');
    await using tilt = await followTilt(server, { clock });
    await server.until(() => server.openWatches === 1);
    server.put(sessionJson({ ...A, status: { done: true } }));
    await server.drained();
    await server.stop();
    expect(await tilt.ended).toMatchObject({ code: 'unreachable' });
    expect(tilt.sessions.get('Tiltfile')?.status.done).toBe(true);
    // The exit of a Tilt is no error of a kind.
    expect([...tilt.availability.values()].filter((error) => error !== null)).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe('a kind whose watch is lost', () => {
  test('is listed at once after its watch ended, which finds what was deleted meanwhile, and nothing else is pushed', () =>
    withTilt(async ({ clock, server, tilt }) => {
      const resources = server.kind('uiresources');
      resources.endWatches();
      await server.until(() => resources.count('watch') === 2 && resources.openWatches === 1);
      await clock.advance(FOLD_MS);
      expect(tilt.changes).toHaveLength(1);
      resources.stallWatches();
      resources.remove('api');
      resources.put(resourceJson('web'));
      await resources.cut();
      await advanceUntil(clock, () => namesOf(tilt)?.[0] === 'web', FOLD_MS);
      expect(namesOf(tilt)).toEqual(['web']);
      expect([server.count('watch'), tilt.count('stale')]).toEqual([1, 0]);
    }));

  test('keeps its facts during the first retry, then they are unknown until the next list, and the Session stays LIVE', () =>
    withTilt(async ({ clock, server, tilt }) => {
      const resources = server.kind('uiresources');
      resources.respond('list', { status: 503 });
      await resources.cut();
      await server.until(() => resources.count('list') === 2);
      await clock.advance(FOLD_MS);
      expect(namesOf(tilt)).toEqual(['api']);
      await untilFacts({ clock, tilt }, () => namesOf(tilt) === null);
      expect(resources.count('list')).toBe(3);
      expect(factsOf(tilt)).toMatchObject({ resources: null, cluster: { error: null } });
      expect(tilt.availability.get('uiresources')).toBe(
        'uiresources: 503 Service Unavailable: this is a 503; facts about resources are not known',
      );
      resources.clearFaults();
      await untilFacts({ clock, tilt }, () => namesOf(tilt)?.[0] === 'api');
      expect(tilt.availability.get('uiresources')).toBeNull();
      expect([server.count('list'), server.count('watch')]).toEqual([1, 1]);
    }));

  test('is replaced after 30 s of silence when its list has changed', () =>
    withTilt(async ({ clock, server, tilt }) => {
      const clusters = server.kind('clusters');
      clusters.stallWatches();
      clusters.put(clusterJson('connection refused'));
      await untilFacts({ clock, tilt }, () => factsOf(tilt)?.cluster?.error === 'connection refused');
      await server.until(() => clusters.count('watch') === 2);
      expect(server.count('watch')).toBe(1);
    }));

  test('keeps its facts when the whole Tilt leaves', () =>
    withTilt(async ({ server, tilt }) => {
      await server.stop();
      expect(await tilt.ended).toMatchObject({ code: 'unreachable' });
      expect(tilt.changes).toHaveLength(1);
      expect(factsOf(tilt)).toMatchObject({ resources: [{ name: 'api' }], cluster: { error: null } });
    }));
});

describe('a kind that is rejected', () => {
  test.each([
    [403, 'uiresources: 403 Forbidden: this is a 403; facts about resources are not known'],
    [404, 'uiresources: 404 Not Found: this is a 404; facts about resources are not known'],
  ])('with %i is asked once in a connection, and reported', async (status, error) => {
    const clock = createManualClock();
    await using server = await startServer();
    server.kind('uiresources').respond('list', { status });
    server.kind('clusters').put(clusterJson(null));
    await using tilt = await followTilt(server, { clock, idleMs: 1e9 });
    await tilt.until(() => tilt.count('snapshot') === 1);
    await server.until(() => server.openWatches === 1 && server.kind('clusters').openWatches === 1);
    await readAll(server);
    await clock.advance(3_600_000);
    expect(server.kind('uiresources').count('list')).toBe(1);
    expect(Object.fromEntries(tilt.availability)).toEqual({ uiresources: error, clusters: null });
    expect(factsOf(tilt)).toMatchObject({ resources: null, cluster: { error: null } });
    tilt.abort();
    await tilt.ended;
    server.kind('uiresources').clearFaults();
    const again = readChanges(tilt.provider, AbortSignal.timeout(20_000));
    await again.until(() => again.count('snapshot') === 1);
    expect(namesOf(again)).toEqual([]);
    expect(again.availability.get('uiresources')).toBeNull();
  });

  test('in its watch makes its facts unknown', async () => {
    const clock = createManualClock();
    await using server = await startServer();
    server.kind('clusters').put(clusterJson(null));
    server.kind('clusters').respond('watch', { status: 403 });
    await using tilt = await followTilt(server, { clock });
    await tilt.until(() => tilt.count('snapshot') === 1);
    await untilFacts({ clock, tilt }, () => factsOf(tilt)?.cluster === null);
    expect(tilt.availability.get('clusters')).toBe(
      'clusters: 403 Forbidden: this is a 403; facts about the cluster are not known',
    );
  });

  test('is not asked for when the Sessions are rejected', async () => {
    await using server = await startServer();
    const { url, tls } = server;
    await using tilt = await followTilt({ server: { url, tls, token: 'wrong' } });
    expect(await tilt.ended).toMatchObject({ code: 'refused' });
    expect([tilt.availability.size, server.count('facts')]).toEqual([0, 0]);
  });
});

/** Resolves when everything that the server has written was read by the provider in this process. */
async function readAll(server: TiltServer): Promise<void> {
  await server.drained();
  for (let iteration = 0; iteration < 8; iteration += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
