import { describe, expect, it } from 'vitest';
import { createMemoryProvider } from '../../src/providers/memory.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import {
  createKubeconfigFolder,
  writeKubeconfig,
  writeStoppedKubeconfig,
} from '../support/kubeconfig-file.js';
import { readWatchRecording, WATCH_RECORDINGS } from '../support/recording.js';
import { clusterJson, resourceJson } from '../support/resource-json.js';
import { sessionJson } from '../support/session-json.js';
import { session } from '../support/sessions.js';
import { openStuckReader } from '../support/stuck-reader.js';
import { PLURALS } from '../support/tilt-kind.js';
import { createTiltServer, type TiltServer } from '../support/tilt-server.js';

const STATE = `query ($id: ID) { session(id: $id) {
  instance apiVersion kind
  metadata { name uid resourceVersion creationTimestamp annotations { key value }
    ownerReferences { apiVersion kind name uid controller blockOwnerDeletion }
    managedFields { manager operation apiVersion time fieldsType fieldsV1 } }
  spec { tiltfilePath exitCondition ci { k8sGracePeriod timeout readinessTimeout } }
  status { done pid startTime error targets { name type resources state {
    ... on TargetStateWaiting { waitReason }
    ... on TargetStateActive { startTime ready lastReadyTime }
    ... on TargetStateTerminated { startTime finishTime error graceStatus }
    ... on TargetStateDisabled { __typename } } } }
} }`;

const HEALTH = `query ($id: ID) { session(id: $id) {
  connection { state error } verdict { state final reason } status { targets { name } }
} }`;

interface Health {
  session: {
    connection: { state: string; error: string | null };
    verdict: { state: string; final: boolean; reason: string | null };
    status: { targets: { name: string }[] };
  } | null;
}

/** A gateway that follows the Tilts of its own kubeconfig, with the fake servers of these Tilts. */
async function startWithTilts(...names: string[]) {
  const folder = await createKubeconfigFolder();
  const servers = new Map<string, TiltServer>();
  for (const name of names) servers.set(name, await createTiltServer({ sessions: [sessionJson()] }));
  const announce = () => writeKubeconfig(folder.path, Object.fromEntries(servers));
  if (names.length > 0) await announce();
  const gateway = await startGateway({
    tilts: { kubeconfig: folder.path, standIn: createFallbackProvider() },
  });
  const server = (name: string): TiltServer => {
    const known = servers.get(name);
    if (!known) throw new Error(`No server ${name}`);
    return known;
  };
  return {
    ...gateway,
    servers,
    server,
    announce,
    stopped: () => writeStoppedKubeconfig(folder.path),
    async until(instance: string, state: string) {
      await untilConnection(gateway, `${instance}/Tiltfile`, state);
      // A Session is LIVE after the list. Later events need an open watch.
      const one = servers.get(instance);
      if (state === 'LIVE' && one) await one.until(() => one.openWatches === 1);
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      for (const one of servers.values()) await one.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Creates the provider that is active while no Tilt runs. */
function createFallbackProvider(): SessionProvider {
  return createMemoryProvider('demo', [session('demo')]).provider;
}

async function untilConnection(gateway: TestGateway, id: string, state: string): Promise<void> {
  const ask = async () => (await gateway.query<Health>(HEALTH, { id })).data.session?.connection.state;
  await expect.poll(ask, { timeout: 20_000 }).toBe(state);
}

describe.each(WATCH_RECORDINGS)('the recording %s-watch', (name) => {
  it(`a replay of ${name}-watch yields the last recorded object with microsecond times, and the GONE Session stays readable`, async () => {
    await using tilts = await startWithTilts('tilt-default');
    await tilts.until('tilt-default', 'LIVE');
    const lines = readWatchRecording(name);
    tilts.server('tilt-default').replay(lines).playRemaining();
    const last = JSON.parse(lines.at(-1)?.line ?? '').object;
    const expected = toGraphQL(last);
    await expect
      .poll(async () => (await tilts.query(STATE)).data, { timeout: 20_000 })
      .toEqual({ session: { instance: 'tilt-default', ...expected } });
    await tilts.server('tilt-default').drained();
    await tilts.server('tilt-default').stop();
    await tilts.stopped();
    await tilts.until('tilt-default', 'GONE');
    expect((await tilts.query(STATE)).data).toEqual({ session: { instance: 'tilt-default', ...expected } });
  });
});

describe('the verdict of a Tilt that exits', () => {
  it.each([
    ['ci-ok', { state: 'PASSED', final: true, reason: null }],
    ['ci-bad', { state: 'FAILED', final: true, reason: expect.stringMatching(/failed|exit/) }],
  ] as const)(
    'the verdict of %s is final although the connection breaks right after done',
    async (name, verdict) => {
      await using tilts = await startWithTilts('tilt-default');
      await tilts.until('tilt-default', 'LIVE');
      const server = tilts.server('tilt-default');
      server.replay(readWatchRecording(name)).playRemaining();
      await server.drained();
      await server.stop();
      await tilts.stopped();
      await tilts.until('tilt-default', 'GONE');
      expect((await tilts.query<Health>(HEALTH)).data.session?.verdict).toEqual(verdict);
    },
  );

  it('the verdict is UNKNOWN, never PASSED, when the connection to Tilt breaks before done', async () => {
    await using tilts = await startWithTilts('tilt-default');
    await tilts.until('tilt-default', 'LIVE');
    const server = tilts.server('tilt-default');
    const replay = server.replay(readWatchRecording('ci-ok').slice(0, -1));
    replay.playRemaining();
    await server.drained();
    await server.stop();
    await tilts.until('tilt-default', 'STALE');
    const stale = (await tilts.query<Health>(HEALTH)).data.session;
    expect(stale?.verdict).toMatchObject({ state: 'UNKNOWN', final: false });
    expect(stale?.connection.error).toContain('127.0.0.1');
    await tilts.stopped();
    await tilts.until('tilt-default', 'GONE');
    expect((await tilts.query<Health>(HEALTH)).data.session?.verdict).toMatchObject({
      state: 'UNKNOWN',
      final: false,
    });
  });
});

describe('several Tilts', () => {
  it('several Tilts have Sessions of the same name, distinguished by their context', async () => {
    await using tilts = await startWithTilts('tilt-default', 'tilt-10360');
    await tilts.until('tilt-default', 'LIVE');
    await tilts.until('tilt-10360', 'LIVE');
    const { data } = await tilts.query<{ sessions: object }>(
      '{ sessions { totalCount nodes { id metadata { name } } } }',
    );
    expect(data.sessions).toEqual({
      totalCount: 2,
      nodes: [
        { id: 'tilt-10360/Tiltfile', metadata: { name: 'Tiltfile' } },
        { id: 'tilt-default/Tiltfile', metadata: { name: 'Tiltfile' } },
      ],
    });
  });

  it('a Tilt restarted with a new port and token is LIVE again by its new entry, without affecting another Tilt', async () => {
    await using tilts = await startWithTilts('tilt-default', 'tilt-10360');
    await tilts.until('tilt-default', 'LIVE');
    await tilts.until('tilt-10360', 'LIVE');
    const server = tilts.server('tilt-10360');
    await server.stop();
    await tilts.until('tilt-10360', 'STALE');
    await server.restart({ freshCa: true });
    await tilts.announce();
    await tilts.until('tilt-10360', 'LIVE');
    expect(tilts.server('tilt-default').count('watch')).toBe(1);
  });

  it('Tilts can start, crash and exit while the gateway runs, and the demo is shown only until the first starts', async () => {
    await using tilts = await startWithTilts();
    await tilts.until('demo', 'LIVE');
    tilts.servers.set('tilt-default', await createTiltServer({ sessions: [sessionJson()] }));
    await tilts.announce();
    await tilts.until('tilt-default', 'LIVE');
    const { data } = await tilts.query<{ session: object }>(
      '{ session { id } gateway { sources { name } } }',
    );
    expect(data).toEqual({
      session: { id: 'tilt-default/Tiltfile' },
      gateway: { sources: [{ name: 'tilt' }, { name: 'tilt-default' }] },
    });
    await tilts.server('tilt-default').stop();
    await tilts.until('tilt-default', 'STALE');
    await tilts.stopped();
    await tilts.until('tilt-default', 'GONE');
    expect(tilts.gateway.sources().map(({ name }) => name)).toEqual(['tilt']);
  });

  it('the demo is shown when the kubeconfig only has the entry of a crashed Tilt', async () => {
    const folder = await createKubeconfigFolder();
    const crashed = await createTiltServer();
    await writeKubeconfig(folder.path, { 'tilt-default': crashed });
    await crashed.stop();
    await using gateway = await startGateway({
      tilts: { kubeconfig: folder.path, standIn: createFallbackProvider() },
    });
    await untilConnection(gateway, 'demo/Tiltfile', 'LIVE');
    expect(gateway.gateway.sources()).toMatchObject([
      { name: 'tilt' },
      { name: 'tilt-default', state: 'stale' },
      { name: 'demo' },
    ]);
    await crashed.close();
    await folder[Symbol.asyncDispose]();
  });
});

describe('invalid input from Tilt', () => {
  it('after invalid input from Tilt, the last good state stays with the error until the next valid event', async () => {
    await using tilts = await startWithTilts('tilt-default');
    await tilts.until('tilt-default', 'LIVE');
    const server = tilts.server('tilt-default');
    const [good] = server.sessions;
    const metadata = { ...good?.metadata, resourceVersion: '99' };
    server.emit('MODIFIED', { ...good, metadata, status: { pid: 'twelve', targets: [] } });
    await tilts.until('tilt-default', 'STALE');
    const { data } = await tilts.query<Health & { gateway: object }>(
      `query { session { connection { state error } status { targets { name } } } gateway { sources { name state error } } }`,
    );
    expect(data.session?.connection.error).toContain('status.pid: expected');
    expect(data.session?.status.targets).toHaveLength(1);
    expect(JSON.stringify(data.gateway)).toContain('status.pid: expected');
    server.put(sessionJson());
    await tilts.until('tilt-default', 'LIVE');
  });
});

describe('U1 nothing downstream slows the reading of Tilt', () => {
  it('U1: every write of Tilt to any of the three watches is read at once while 100 readers never read', async () => {
    await using tilts = await startWithTilts();
    const server = await createTiltServer({
      sessions: [sessionJson()],
      kinds: ['uiresources', 'clusters'],
    });
    tilts.servers.set('tilt-default', server);
    await tilts.announce();
    await tilts.until('tilt-default', 'LIVE');
    const kinds = PLURALS.map((plural) => server.kind(plural));
    await server.until(() => kinds.every(({ openWatches }) => openWatches === 1));
    const readers = await Promise.all(
      Array.from({ length: 100 }, () =>
        openStuckReader(
          tilts.webSocketUrl,
          `subscription { targetChanges { conflated session { cluster { error } resources { name links { url } } }
            changes { target { name state { ... on TargetStateWaiting { waitReason } } } } } }`,
        ),
      ),
    );
    // Far larger than all socket buffers. If the gateway waited for a reader, it would never read all of
    // this.
    for (let round = 0; round < 60; round += 1) {
      server.put(bigSession(round));
      server.kind('uiresources').put(bigResource(round));
      server.kind('clusters').put(clusterJson(`${round} ${'x'.repeat(100_000)}`));
      await server.drained();
    }
    await expect
      .poll(async () => (await tilts.query<Newest>(NEWEST)).data.session)
      .toMatchObject({
        status: { targets: expect.arrayContaining([{ name: 'round-59' }]) },
        cluster: { error: expect.stringMatching(/^59 /) },
        resources: expect.arrayContaining([{ name: 'round', order: 59 }]),
      });
    expect(kinds.map((kind) => kind.count('watch'))).toEqual([1, 1, 1]);
    for (const one of readers) await one[Symbol.asyncDispose]();
    await expect.poll(() => tilts.gateway.readers).toBe(0);
  });
});

interface Newest {
  readonly session: object;
}

const NEWEST = '{ session { status { targets { name } } cluster { error } resources { name order } } }';

/** Creates a UIResource of about 100 kB that differs in every round. */
function bigResource(round: number): ReturnType<typeof sessionJson> {
  const endpointLinks = Array.from({ length: 100 }, (_, index) => ({
    url: `http://localhost:${index}/${round}/${'x'.repeat(1_000)}`,
  }));
  return resourceJson('round', { order: round, endpointLinks });
}

/** Creates a Session of about 100 kB that differs in every round. */
function bigSession(round: number): ReturnType<typeof sessionJson> {
  const state = { waiting: { waitReason: `${round} ${'x'.repeat(1_000)}` } };
  const targets = Array.from({ length: 100 }, (_, index) => ({
    name: index === 0 ? `round-${round}` : `target-${index}`,
    type: 'job',
    resources: index === 0 ? ['round'] : [],
    state,
  }));
  return sessionJson({ uid: 'one', targets });
}

/** Returns the expected GraphQL result for a recorded object, independent of the code under test. */
function toGraphQL({ metadata, spec, status, ...object }: Recorded): object {
  const { annotations, managedFields, ownerReferences, ...meta } = metadata;
  return {
    ...object,
    metadata: {
      ...meta,
      annotations: Object.entries(annotations).map(([key, value]) => ({ key, value })),
      ownerReferences,
      managedFields,
    },
    spec: {
      tiltfilePath: spec.tiltfilePath,
      exitCondition: spec.exitCondition.toUpperCase(),
      ci: spec.ci ? { k8sGracePeriod: null, readinessTimeout: null, timeout: null, ...spec.ci } : null,
    },
    status: {
      error: null,
      ...status,
      targets: (status.targets ?? []).map(({ name, type, resources, state }) => ({
        name,
        type: type.toUpperCase(),
        resources,
        state: stateToGraphQL(state),
      })),
    },
  };
}

function stateToGraphQL(state: RecordedTarget['state']): object | null {
  const [[kind, fields] = [null, {}]] = Object.entries(state);
  if (kind === null) return null;
  if (kind === 'disabled') return { __typename: 'TargetStateDisabled' };
  if (kind === 'terminated') return { error: null, graceStatus: 'NOT_APPLICABLE', ...fields };
  return fields;
}

interface RecordedTarget {
  name: string;
  type: string;
  resources: string[];
  state: Record<string, object>;
}

interface Recorded {
  metadata: { annotations: Record<string, string>; managedFields: object[]; ownerReferences: object[] };
  spec: { tiltfilePath: string; exitCondition: string; ci?: object };
  status: { targets: RecordedTarget[] | null };
}
