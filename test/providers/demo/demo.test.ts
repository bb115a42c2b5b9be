import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/model/change.js';
import { computePhase } from '../../../src/model/phase.js';
import type { Session } from '../../../src/model/session.js';
import { createDemoProvider } from '../../../src/providers/demo/demo.js';
import { createManualClock } from '../../support/manual-clock.js';
import { describeProvider } from '../../support/provider-contract.js';
import { startProviderWatch } from '../../support/provider-watch.js';

describeProvider('demo', {
  ids: [],
  abilities: ['watchAgain'],
  make() {
    const clock = createManualClock();
    const provider = createDemoProvider({ clock });
    return { provider, openHandles: () => clock.pending, dispose: () => {} };
  },
});

describe('the demo provider', () => {
  it('provides one Session, whose instance is its name', async () => {
    const changes = await show({ ms: 60_000 });
    expect(new Set(changes.map((change) => sessionOf(change).id))).toEqual(new Set(['demo/Tiltfile']));
    const [named] = await show({ ms: 0, name: 'shop' });
    expect(named && sessionOf(named).id).toBe('shop/Tiltfile');
  });

  it.each([1, 2, 3, 4, 5])('shows every phase within 15 seconds (seed %i)', async (seed) => {
    const changes = await show({ ms: 15_000, seed });
    const phases = new Set(changes.flatMap((change) => sessionOf(change).status.targets.map(computePhase)));
    expect([...phases].sort()).toEqual([
      'disabled',
      'failed',
      'inactive',
      'ready',
      'retrying',
      'running',
      'succeeded',
      'waiting',
    ]);
  });

  it('repeats forever: a tilt up, a tilt ci that passes, one that fails, and so on', async () => {
    const sessions = (await show({ ms: 600_000 })).map(sessionOf);
    const modes = runsOf(sessions).map(([first]) => first?.spec.exitCondition);
    expect(modes.slice(0, 7)).toEqual(['manual', 'ci', 'ci', 'manual', 'ci', 'ci', 'manual']);
    const ends = sessions.filter(({ status }) => status.done);
    expect(ends.length).toBeGreaterThan(25);
    expect(ends.map(({ status }) => status.error !== null)).toEqual(ends.map((_, index) => index % 2 === 1));
    expect(new Set(ends.map(({ status }) => status.error)).size).toBe(4);
  });

  it('makes each run a new Tilt with another uid and pid, a later start, and rising versions', async () => {
    const runs = runsOf((await show({ ms: 60_000 })).map(sessionOf));
    expect(runs.length).toBeGreaterThan(3);
    for (const run of runs) {
      const versions = run.map(({ metadata }) => Number(metadata.resourceVersion));
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      expect(new Set(run.map(({ metadata, status }) => `${metadata.uid} ${status.pid}`)).size).toBe(1);
    }
    const starts = runs.map(([first]) => `${first?.status.startTime}`);
    expect(starts).toEqual([...new Set(starts)].toSorted());
  });

  it('is the same for the same seed, and differs for another', async () => {
    const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => show({ ms: 60_000, seed })));
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
  });

  it('starts with every target, in several phases, and has a history within the first second', async () => {
    const [snapshot, ...changes] = await show({ ms: 1_000 });
    const targets = snapshot ? sessionOf(snapshot).status.targets : [];
    expect(targets).toHaveLength(14);
    expect([...new Set(targets.map(computePhase))].toSorted()).toEqual([
      'disabled',
      'inactive',
      'ready',
      'running',
      'succeeded',
      'waiting',
    ]);
    const phasesOf = (name: string) =>
      changes.flatMap((change) =>
        sessionOf(change)
          .status.targets.filter((target) => target.name === name)
          .map(computePhase),
      );
    expect(phasesOf('api:update').slice(0, 2)).toEqual(['running', 'succeeded']);
  });

  it('takes its times from the clock, with microseconds, and starts some seconds after its run', async () => {
    const [first] = await show({ ms: 0 });
    expect(first && sessionOf(first).status.startTime).toMatch(/^2026-11-22T11:59:5\d\.\d{6}Z$/);
    const [running] = first
      ? sessionOf(first).status.targets.filter(({ name }) => name === 'migrate:update')
      : [];
    expect(running?.state).toMatchObject({
      is: 'active',
      startTime: expect.stringMatching(/^2026-11-22T12:00:00\.000\d{3}Z$/),
    });
  });
});

async function show({ ms, ...options }: { ms: number; seed?: number; name?: string }): Promise<Change[]> {
  const clock = createManualClock();
  const watching = startProviderWatch(createDemoProvider({ ...options, clock }));
  await clock.advance(ms);
  watching.abort();
  return [...watching.changes];
}

function runsOf(sessions: readonly Session[]): Session[][] {
  const uids = new Set(sessions.map(({ metadata }) => metadata.uid));
  return [...uids].map((uid) => sessions.filter(({ metadata }) => metadata.uid === uid));
}

function sessionOf(change: Change): Session {
  if (change.type === 'upsert') return change.session;
  const [session] = change.type === 'snapshot' ? change.sessions : [];
  return session ?? expect.unreachable(change.type);
}
