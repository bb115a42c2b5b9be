import { describe, expect, it } from 'vitest';
import { removeStyles } from '../../../src/logs/styled-text.js';
import type { Change } from '../../../src/model/change.js';
import type { LogLevel, SessionLog } from '../../../src/model/log.js';
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
    const sessions = await showSessions({ ms: 60_000 });
    expect(new Set(sessions.map(({ id }) => id))).toEqual(new Set(['demo/Tiltfile']));
    const [named] = await showSessions({ ms: 0, name: 'shop' });
    expect(named?.id).toBe('shop/Tiltfile');
  });

  it.each([1, 2, 3, 4, 5])('shows every phase within 15 seconds (seed %i)', async (seed) => {
    const sessions = await showSessions({ ms: 15_000, seed });
    const phases = new Set(sessions.flatMap(({ status }) => status.targets.map(computePhase)));
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
    const sessions = await showSessions({ ms: 600_000 });
    const modes = runsOf(sessions).map(([first]) => first?.spec.exitCondition);
    expect(modes.slice(0, 7)).toEqual(['manual', 'ci', 'ci', 'manual', 'ci', 'ci', 'manual']);
    const ends = sessions.filter(({ status }) => status.done);
    expect(ends.length).toBeGreaterThan(25);
    expect(ends.map(({ status }) => status.error !== null)).toEqual(ends.map((_, index) => index % 2 === 1));
    expect(new Set(ends.map(({ status }) => status.error)).size).toBe(4);
  });

  it('makes each run a new Tilt with another uid and pid, a later start, and rising versions', async () => {
    const runs = runsOf(await showSessions({ ms: 60_000 }));
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
    const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => showAll({ ms: 60_000, seed })));
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
  });

  it('starts with every target, in several phases, and has a history within the first second', async () => {
    const [snapshot, ...later] = await showSessions({ ms: 1_000 });
    const targets = snapshot?.status.targets ?? [];
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
      later.flatMap(({ status }) =>
        status.targets.filter((target) => target.name === name).map(computePhase),
      );
    expect(phasesOf('api:update').slice(0, 2)).toEqual(['running', 'succeeded']);
  });

  it('takes its times from the clock, with microseconds, and starts some seconds after its run', async () => {
    const [first] = await showSessions({ ms: 0 });
    expect(first?.status.startTime).toMatch(/^2026-11-22T11:59:5\d\.\d{6}Z$/);
    const running = first?.status.targets.find(({ name }) => name === 'migrate:update');
    expect(running?.state).toMatchObject({
      is: 'active',
      startTime: expect.stringMatching(/^2026-11-22T12:00:00\.000\d{3}Z$/),
    });
  });
});

describe('the log of the demo', () => {
  it('comes with the snapshot and begins with the lines of the run so far', async () => {
    const [snapshot, change] = await show({ ms: 0 });
    expect(snapshot?.type).toBe('snapshot');
    const { id, log } = change?.type === 'log' ? change : expect.unreachable();
    expect(id).toBe('demo/Tiltfile');
    const lines = log?.tail({}, 1_000) ?? [];
    expect(lines[0]).toEqual({
      time: expect.stringMatching(/^2026-11-22T11:59:5\d\.\d{6}Z$/),
      level: 'info',
      resource: '(Tiltfile)',
      target: null,
      styledText: 'Tilt started on http://127.0.0.1:10350/',
    });
    expect(new Set(lines.map(({ target }) => target))).toEqual(
      new Set([null, 'tiltfile:update', 'assets:update', 'db:update', 'db:runtime', 'migrate:update']),
    );
  });

  it('has lines of every resource that runs, of warnings and errors, and in colors', async () => {
    const [log] = logsOf(await show({ ms: 14_000 }));
    const lines = log?.tail({}, 1_000) ?? [];
    expect(new Set(lines.map(({ resource }) => resource))).toEqual(
      new Set(['(Tiltfile)', 'assets', 'db', 'migrate', 'api', 'worker', 'web', 'e2e']),
    );
    const texts = (level: LogLevel) =>
      lines.filter((line) => line.level === level).map(({ styledText }) => styledText);
    expect(texts('warn')).toEqual([expect.stringMatching(/^WARNING: /)]);
    expect(texts('error')).toEqual([
      'Build Failed: Command "npm run build" failed: exit status 1',
      expect.stringMatching(/^Cluster status error: .* connection refused$/),
    ]);
    expect(log?.tail({ target: 'api:serve' }, 1)[0]?.styledText).toContain('\u001b[3');
  });

  it.each([1, 2, 3, 4, 5])(
    'is calm, in order of time, and belongs to targets of the Session (seed %i)',
    async (seed) => {
      const { log, sessions, batchesBetweenChanges } = await followFirstRun(seed);
      const lines = log.tail({}, 1_000);
      expect(batchesBetweenChanges.length).toBeGreaterThan(15);
      for (const [index, time] of batchesBetweenChanges.slice(1).entries())
        expect(time - (batchesBetweenChanges[index] ?? 0)).toBeGreaterThanOrEqual(250);
      expect(lines.length).toBeLessThan(250);
      expect(lines.map(({ time }) => time)).toEqual(lines.map(({ time }) => time).toSorted());
      const keys = new Set(sessions.flatMap(({ status }) => status.targets.map(({ key }) => key)));
      for (const { target } of lines) if (target !== null) expect(keys).toContain(target);
    },
  );

  it('starts empty with each run', async () => {
    const logs = logsOf(await show({ ms: 60_000 }));
    expect(logs.length).toBeGreaterThan(3);
    expect(new Set(logs).size).toBe(logs.length);
    for (const log of logs) {
      const texts = log.tail({}, 1_000).map(({ styledText }) => styledText);
      expect(texts.filter((text) => text.startsWith('Tilt started'))).toHaveLength(1);
      expect(texts[0]).toMatch(/^Tilt started/);
    }
  });

  it('ends in an excerpt for each target that fails, without the error that the target has itself', async () => {
    const sessions = await showSessions({ ms: 600_000 });
    const excerpts = new Map<string, string>();
    for (const { status, facts } of sessions) {
      const failed = status.targets.filter(({ state }) => state.is === 'terminated' && state.error !== null);
      expect(facts?.excerpts?.map(({ target }) => target).toSorted()).toEqual(failed.map(({ key }) => key));
      for (const { target, lines, omitted, isFinal } of facts?.excerpts ?? []) {
        expect([omitted, isFinal]).toEqual([0, true]);
        excerpts.set(target, lines.map(({ styledText }) => removeStyles(styledText)).join('\n'));
      }
    }
    expect([...excerpts.keys()].toSorted()).toEqual(['assets:update', 'e2e:update', 'worker:runtime']);
    expect(excerpts.get('assets:update')).toMatch(/^Initial Build\nRunning cmd: npm run build\n/);
    expect(excerpts.get('assets:update')).toMatch(/ error TS2322: .*\n.*\nFound 1 error in .*:12$/s);
    expect(excerpts.get('e2e:update')).toMatch(/Expected: "€ 42.00"\n *Received: "€ 0.00".*3 passed$/s);
    expect(excerpts.get('worker:runtime')).toContain('Error: connect ECONNREFUSED 10.43.12.7:5672');
  });
});

interface ShowOptions {
  readonly ms: number;
  readonly seed?: number;
  readonly name?: string;
}

/** Plays the demo for some time. Returns its changes. */
async function show({ ms, ...options }: ShowOptions): Promise<Change[]> {
  const clock = createManualClock();
  const watching = startProviderWatch(createDemoProvider({ ...options, clock }));
  await clock.advance(ms);
  watching.abort();
  return [...watching.changes];
}

async function showSessions(options: ShowOptions): Promise<Session[]> {
  const changes = await show(options);
  return changes.flatMap((change) => {
    if (change.type === 'upsert') return [change.session];
    return change.type === 'snapshot' ? change.sessions : [];
  });
}

/** Plays the demo. Returns its changes, with the lines of its logs. */
async function showAll(options: ShowOptions): Promise<unknown[]> {
  const changes = await show(options);
  return changes.map((change) => (change.type === 'log' ? change.log?.tail({}, 1_000) : change));
}

/** Plays the first run, which takes about 15 seconds. */
async function followFirstRun(seed: number) {
  const clock = createManualClock();
  const end = new AbortController();
  const changes: Change[] = [];
  const changeTimes = new Set<number>();
  const watching = createDemoProvider({ seed, clock }).watch((change) => {
    changes.push(change);
    changeTimes.add(clock.now());
  }, end.signal);
  await clock.advance(0);
  const [log = expect.unreachable()] = logsOf(changes);
  const batchTimes: number[] = [];
  log.subscribe(() => batchTimes.push(clock.now()));
  await clock.advance(14_000);
  end.abort();
  await watching;
  const sessions = changes.flatMap((change) => (change.type === 'upsert' ? [change.session] : []));
  return { log, sessions, batchesBetweenChanges: batchTimes.filter((time) => !changeTimes.has(time)) };
}

function logsOf(changes: readonly Change[]): SessionLog[] {
  return changes.flatMap((change) => (change.type === 'log' && change.log !== null ? [change.log] : []));
}

function runsOf(sessions: readonly Session[]): Session[][] {
  const uids = new Set(sessions.map(({ metadata }) => metadata.uid));
  return [...uids].map((uid) => sessions.filter(({ metadata }) => metadata.uid === uid));
}
