import { describe, expect, it } from 'vitest';
import {
  type KindsRecordingName,
  type KindsReplay,
  type KindsReplayOptions,
  type ReplayedState,
  readKindsRecording,
  startKindsReplay,
} from '../support/kinds-replay.js';

// Streams of a real Tilt, through the provider, the store and GraphQL. Tilt sends a resource before or after
// the Session that it belongs to.

interface TargetView {
  readonly name: string;
  readonly phase: string;
  readonly resources: readonly string[];
  readonly blockedBy: readonly { readonly name: string; readonly resources: readonly string[] }[];
  readonly rootCause: { readonly name: string; readonly phase: string } | null;
}

interface View {
  readonly session: {
    readonly cluster: { readonly error: string | null } | null;
    readonly verdict: {
      readonly state: string;
      readonly final: boolean;
      readonly reason: string | null;
      readonly waiting: readonly { readonly name: string }[];
      readonly untriggered: readonly { readonly name: string }[];
    };
    readonly resources: readonly {
      readonly name: string;
      readonly labels: readonly string[] | null;
      readonly links: readonly { readonly url: string; readonly name: string | null }[] | null;
      readonly tiltUrl: string | null;
    }[];
    readonly status: { readonly targets: readonly TargetView[] };
  };
}

const QUERY = `{ session {
  cluster { error }
  verdict { state final reason waiting { name } untriggered { name } }
  resources { name labels links { url name } tiltUrl }
  status { targets { name phase resources blockedBy { name resources } rootCause { name phase } } }
} }`;

async function view(replay: KindsReplay): Promise<View['session']> {
  const { session } = await replay.query<View>(QUERY);
  return session;
}

async function targetOf(replay: KindsReplay, name: string): Promise<TargetView> {
  const { status } = await view(replay);
  const target = status.targets.find((one) => one.name === name);
  if (!target) throw new Error(`There is no target ${name}.`);
  return target;
}

const namesOf = (targets: readonly { readonly name: string }[]) => targets.map(({ name }) => name);

describe('the recording deps-kinds, nine resources with dependencies', () => {
  it('at each event of the Session, the blockers of a target are the resources of the newest waiting.on', async () => {
    await using replay = await startKindsReplay('deps');
    const waitingOn = new Map<string, readonly string[]>();
    let compared = 0;
    for (let line = await replay.step(); line !== null; line = await replay.step()) {
      const { object } = JSON.parse(line.line);
      if (line.kind === 'uiresources') {
        const on: { kind: string; name: string }[] = object.status?.waiting?.on ?? [];
        waitingOn.set(
          object.metadata.name,
          on.filter(({ kind }) => kind === 'UIResource').map(({ name }) => name),
        );
        continue;
      }
      const { targets } = (await view(replay)).status;
      const known = new Set(targets.flatMap(({ resources }) => resources));
      for (const { phase, resources, blockedBy } of targets) {
        const on = phase === 'WAITING' ? resources.flatMap((name) => waitingOn.get(name) ?? []) : [];
        const expected = on.filter((name) => known.has(name) && !resources.includes(name));
        const named = new Set(blockedBy.flatMap((blocker) => blocker.resources));
        expect([...named].sort()).toEqual([...new Set(expected)].sort());
        compared += expected.length;
      }
    }
    expect(compared).toBeGreaterThan(50);
  });

  it('web is blocked by api, e2e by web and api, and late by broken, whose failure is its root cause', async () => {
    await using replay = await startKindsReplay('deps');
    await replay.playTo(8_000);
    expect(namesOf((await targetOf(replay, 'web:serve')).blockedBy)).toEqual(['api:serve']);
    expect(namesOf((await targetOf(replay, 'e2e:update')).blockedBy)).toEqual(
      expect.arrayContaining(['api:serve', 'web:serve']),
    );
    await replay.playAll();
    expect(await targetOf(replay, 'late:update')).toMatchObject({
      phase: 'WAITING',
      blockedBy: [{ name: 'broken:update' }],
      rootCause: { name: 'broken:update', phase: 'FAILED' },
    });
  });

  it('lint and codegen, which wait for a trigger, are UNTRIGGERED and do not stop the verdict', async () => {
    await using replay = await startKindsReplay('deps');
    await replay.playTo(13_700);
    expect((await targetOf(replay, 'lint:update')).phase).toBe('UNTRIGGERED');
    await replay.playTo(15_700);
    expect((await targetOf(replay, 'codegen:update')).phase).toBe('UNTRIGGERED');
    const { verdict } = await view(replay);
    expect(namesOf(verdict.untriggered)).toEqual(['codegen:update', 'lint:update']);
    expect(namesOf(verdict.waiting)).toEqual(['e2e:update', 'web:serve']);
    await replay.playTo(18_100);
    expect((await targetOf(replay, 'lint:update')).phase).toBe('SUCCEEDED');
  });

  it('resources have the labels and links of the Tiltfile, and the address of their page in its UI', async () => {
    await using replay = await startKindsReplay('deps');
    await replay.playAll();
    const { resources } = await view(replay);
    const labels = Object.fromEntries(resources.map((one) => [one.name, one.labels]));
    expect(labels).toEqual({
      '(Tiltfile)': [],
      api: ['backend'],
      broken: [],
      codegen: [],
      docs: ['frontend'],
      e2e: ['tests'],
      late: [],
      lint: ['tests'],
      migrate: ['backend'],
      web: ['frontend'],
    });
    const api = resources.find(({ name }) => name === 'api');
    expect(api?.links).toEqual([
      { url: 'http://127.0.0.1:18081/docs', name: 'docs' },
      { url: 'http://127.0.0.1:18081', name: null },
    ]);
    expect(api?.tiltUrl).toBe('http://localhost:10350/r/api/overview');
  });
});

describe('the recordings of a cluster that cannot be reached', () => {
  it('dead-up-kinds ends FAILED with "cluster connection failed", under tilt up too', async () => {
    await using replay = await startKindsReplay('dead-up');
    await replay.playAll();
    const { verdict, cluster } = await view(replay);
    expect(verdict).toMatchObject({
      state: 'FAILED',
      final: false,
      reason: expect.stringMatching(/^cluster connection failed: .*connection refused$/),
    });
    expect(cluster?.error).toContain('connection refused');
  });

  it("dead-ci-kinds ends FAILED with Tilt's own error, and the verdict is final", async () => {
    await using replay = await startKindsReplay('dead-ci');
    await replay.playAll();
    expect((await view(replay)).verdict).toMatchObject({
      state: 'FAILED',
      final: true,
      reason: 'cluster connection failed',
    });
  });

  it.each([
    ['dead-up', { state: 'PENDING', final: false, reason: 'waiting: web:runtime, web:update' }],
    ['dead-ci', { state: 'FAILED', final: true, reason: 'cluster connection failed' }],
  ] as const)(
    '%s-kinds with 403 for both kinds has the result of the Session alone, and what is unknown is null',
    async (name, verdict) => {
      await using replay = await startKindsReplay(name, { rejected: ['uiresources', 'clusters'] });
      const sessions = readKindsRecording(name).filter(({ kind }) => kind === 'sessions');
      await replay.playAll();
      const found = await view(replay);
      expect(found).toMatchObject({ cluster: null, verdict });
      expect(found.resources.map(({ labels }) => labels)).toEqual(found.resources.map(() => null));
      expect(found.status.targets.flatMap(({ blockedBy }) => blockedBy)).toEqual([]);
      expect(replay.states.length).toBeLessThanOrEqual(sessions.length);
      const { gateway } = await replay.query<{ gateway: object }>(
        '{ gateway { sources { state unavailable } } }',
      );
      expect(gateway).toEqual({
        sources: [
          {
            state: 'LIVE',
            unavailable: [
              'uiresources: 403 Forbidden: this is a 403; facts about resources are not known',
              'clusters: 403 Forbidden: this is a 403; facts about the cluster are not known',
            ],
          },
        ],
      });
    },
  );
});

describe('kinds that arrive up to 2 s earlier or later than the Session', () => {
  const both = [-2_000, 0, 2_000].flatMap((uiresources) =>
    [-2_000, 0, 2_000].map((clusters) => ({ uiresources, clusters })),
  );
  const shifts: Readonly<Record<KindsRecordingName, readonly Required<KindsReplayOptions>['shiftMs'][]>> = {
    // It has no cluster.
    deps: [{ uiresources: -2_000 }, { uiresources: 2_000 }],
    'dead-up': both,
    'dead-ci': both,
  };

  it.each(['deps', 'dead-up', 'dead-ci'] as const)(
    'each phase and the verdict of %s-kinds take the values that they take in time, in this order, or skip some, and none is PASSED',
    async (name) => {
      const inTime = await playWhole(name, {});
      const expected = valuesOf(inTime);
      expect(expected.get('verdict')).not.toContain('passed');
      for (const shiftMs of shifts[name]) {
        const states = await playWhole(name, { shiftMs });
        for (const [key, values] of valuesOf(states)) {
          const rest = [...(expected.get(key) ?? [])];
          const isInOrder = values.every((value) => rest.splice(0, rest.indexOf(value) + 1).length > 0);
          expect({ key, values, isInOrder }).toMatchObject({ isInOrder: true });
        }
        expect(states.at(-1)).toMatchObject({
          verdict: inTime.at(-1)?.verdict,
          phases: inTime.at(-1)?.phases,
        });
      }
    },
  );
});

async function playWhole(
  name: KindsRecordingName,
  options: KindsReplayOptions,
): Promise<readonly ReplayedState[]> {
  await using replay = await startKindsReplay(name, options);
  await replay.playAll();
  return replay.states;
}

/** The values of the verdict and of the phase of each target, each until the next one. */
function valuesOf(states: readonly ReplayedState[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const { verdict, phases } of states) {
    for (const [key, value] of Object.entries({ verdict: verdict.state, ...phases })) {
      const known = values.get(key) ?? [];
      if (known.at(-1) !== value) values.set(key, [...known, value]);
    }
  }
  return values;
}
