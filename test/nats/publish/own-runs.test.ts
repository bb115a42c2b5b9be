import { describe, expect, it } from 'vitest';
import type { ProcessList } from '../../../src/nats/publish/descendants.js';
import { createOwnRuns } from '../../../src/nats/publish/own-runs.js';
import type { ProcessReader } from '../../../src/nats/publish/processes.js';
import { createManualClock } from '../../support/manual-clock.js';
import { session } from '../../support/sessions.js';

const COMMAND = 100;
const NO_VARIABLES = () => false;

function setUp(processes: Partial<ProcessReader> = {}, pid: number | null = COMMAND) {
  const clock = createManualClock();
  const lines: string[] = [];
  const decided: string[] = [];
  const runs = createOwnRuns({
    run: { uid: 'run', pid, startTime: '2026-11-22T11:42:22.500Z' },
    processes: { list: async () => listOf([[COMMAND, 1]]), hasVariable: NO_VARIABLES, ...processes },
    clock,
    log: (level, message) => lines.push(`${level} ${message}`),
    onDecided: (id) => decided.push(id),
  });
  return { clock, lines, decided, runs };
}

function listOf(pairs: readonly (readonly [pid: number, parent: number])[]): ProcessList {
  return new Map(pairs.map(([pid, parent]) => [pid, { parent, startedAt: String(pid) }]));
}

function ofProcess(pid: number | undefined, uid = `run of ${pid}`, status: object = {}) {
  return session('tilt-default', {}, { uid, status: { pid, ...status } });
}

describe('the runs of a command', () => {
  it('include the command itself at once', () => {
    expect(setUp().runs.isOwn(ofProcess(COMMAND))).toBe(true);
  });

  it('include a process with the variable of the run at once, wherever it is in the process tree', () => {
    const hasVariable: ProcessReader['hasVariable'] = (pid, name, value) =>
      pid === 7 && name === 'TILT_GRAPHQL_PUBLISH_RUN' && value === 'run';
    expect(setUp({ hasVariable }).runs.isOwn(ofProcess(7))).toBe(true);
  });

  it.each<[string, number, Partial<ProcessReader>]>([
    ['the command', COMMAND, {}],
    ['a process with the variable of the run', 7, { hasVariable: () => true }],
    [
      'a descendant',
      101,
      {
        list: async () =>
          listOf([
            [COMMAND, 1],
            [101, COMMAND],
          ]),
      },
    ],
  ])('exclude a Tilt that started before the command with the process id of %s', (_, pid, processes) => {
    const { runs, lines } = setUp(processes);
    const other = ofProcess(pid, 'of another container', { startTime: '2026-11-22T11:42:20.000000Z' });
    expect([runs.isOwn(other), runs.isOwn(other)]).toEqual([false, false]);
    expect(lines).toEqual([
      `info tilt-default/Tiltfile is not published: process ${pid} was not started by the command, but before it`,
    ]);
  });

  it.each([
    ['in the same second, by a time in whole seconds', '2026-11-22T11:42:22Z'],
    ['ten minutes later', '2026-11-22T11:52:22.000001Z'],
  ])('include a Tilt that started %s', (_, startTime) => {
    expect(setUp().runs.isOwn(ofProcess(COMMAND, 'own', { startTime }))).toBe(true);
  });

  it('include a descendant once the processes are listed', async () => {
    const list = async () =>
      listOf([
        [COMMAND, 1],
        [101, COMMAND],
        [102, 101],
      ]);
    const { runs, decided } = setUp({ list });
    expect(runs.isOwn(ofProcess(102))).toBeNull();
    await expect.poll(() => decided).toEqual(['tilt-default/Tiltfile']);
    expect(runs.isOwn(ofProcess(102))).toBe(true);
  });

  it('exclude another Tilt, which is logged once', async () => {
    const { runs, decided, lines } = setUp({
      list: async () =>
        listOf([
          [COMMAND, 1],
          [9, 1],
        ]),
    });
    expect(runs.isOwn(ofProcess(9))).toBeNull();
    await expect.poll(() => decided).toHaveLength(1);
    expect([runs.isOwn(ofProcess(9)), runs.isOwn(ofProcess(9))]).toEqual([false, false]);
    expect(lines).toEqual([
      'info tilt-default/Tiltfile is not published: process 9 was not started by the command',
    ]);
  });

  it('are decided once for each run of an id', async () => {
    const { runs, decided } = setUp();
    runs.isOwn(ofProcess(9));
    await expect.poll(() => decided).toHaveLength(1);
    expect(runs.isOwn(ofProcess(9))).toBe(false);
    expect(runs.isOwn(ofProcess(COMMAND))).toBe(true);
    // The same run with another pid, as from a faulty source.
    expect(runs.isOwn(ofProcess(9, `run of ${COMMAND}`))).toBe(true);
  });

  it('stay undecided until a Session has a process id and a start time', () => {
    const { runs } = setUp();
    expect(runs.isOwn(ofProcess(undefined, 'new'))).toBeNull();
    expect(runs.isOwn(ofProcess(COMMAND, 'new', { startTime: null }))).toBeNull();
    expect(runs.isOwn(ofProcess(COMMAND, 'new'))).toBe(true);
  });

  it('include a descendant that ended before its Session was read, if it was listed before', async () => {
    let processes = listOf([
      [COMMAND, 1],
      [101, COMMAND],
    ]);
    const { runs, decided, clock } = setUp({ list: async () => processes });
    await clock.advance(5_000);
    processes = listOf([[COMMAND, 1]]);
    expect(runs.isOwn(ofProcess(101))).toBeNull();
    await expect.poll(() => decided).toHaveLength(1);
    expect(runs.isOwn(ofProcess(101))).toBe(true);
  });

  it('are empty for a command that could not be run', () => {
    expect(setUp({}, null).runs.isOwn(ofProcess(9))).toBe(false);
  });

  it('include only the command itself if the processes cannot be listed, which is logged once', async () => {
    const { runs, lines, decided } = setUp({ list: () => Promise.reject(new Error('no ps')) });
    runs.isOwn(ofProcess(8));
    runs.isOwn(ofProcess(9));
    await expect.poll(() => decided).toHaveLength(1);
    expect(runs.isOwn(ofProcess(9))).toBe(false);
    expect(runs.isOwn(ofProcess(COMMAND))).toBe(true);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn the processes of this machine cannot be listed: a Tilt is published only if it is the command itself, not if the command starts it',
    ]);
  });

  it('leave no timer after they are disposed', () => {
    const { runs, clock } = setUp();
    runs.dispose();
    expect(clock.pending).toBe(0);
  });
});
