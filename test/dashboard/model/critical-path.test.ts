import { describe, expect, it } from 'vitest';
import type { RecordedBlockers } from '../../../src/dashboard/model/blockers.js';
import { findCriticalPath, listRuns, type TargetRun } from '../../../src/dashboard/model/critical-path.js';

const run = (target: string, start: number, end: number): TargetRun => ({ target, start, end });
const names = (runs: readonly TargetRun[], last?: readonly string[], blockers?: RecordedBlockers) =>
  findCriticalPath(runs, last, blockers).map(({ target }) => target);

describe('findCriticalPath', () => {
  it('the critical path links each run to the one that ended right before it', () => {
    const runs = [
      run('load', 0, 10),
      run('lint', 11, 40),
      run('db', 41, 60),
      run('unit', 11, 55),
      run('e2e', 61, 100),
    ];
    expect(findCriticalPath(runs)).toEqual([
      { target: 'load', start: 0, end: 10, gap: 0 },
      { target: 'lint', start: 11, end: 40, gap: 1 },
      { target: 'db', start: 41, end: 60, gap: 1 },
      { target: 'e2e', start: 61, end: 100, gap: 1 },
    ]);
  });

  it('the critical path does not depend on the order of the input', () => {
    const runs = [run('c', 21, 30), run('a', 0, 10), run('b', 11, 20)];
    expect(names(runs)).toEqual(['a', 'b', 'c']);
    expect(names(runs.toReversed())).toEqual(['a', 'b', 'c']);
  });

  it('the critical path has the gap before each run', () => {
    expect(findCriticalPath([run('a', 0, 10), run('b', 500, 600)]).map(({ gap }) => gap)).toEqual([0, 490]);
  });

  it('the critical path tolerates an overlap of 5 ms', () => {
    expect(names([run('a', 0, 12), run('b', 10, 20)])).toEqual(['a', 'b']);
    expect(names([run('a', 0, 16), run('b', 10, 20)])).toEqual(['b']);
  });

  it('the critical path ends with a failed target if there is one', () => {
    const runs = [run('a', 0, 10), run('fails', 11, 20), run('b', 11, 21)];
    expect(names(runs, ['fails'])).toEqual(['a', 'fails']);
    expect(names(runs, ['was never run'])).toEqual(['a', 'b']);
  });

  it('the critical path follows the recorded blocker that ended last, not a run that ended by chance', () => {
    const runs = [run('db', 0, 10), run('cache', 0, 12), run('lint', 0, 19), run('e2e', 20, 30)];
    expect(names(runs)).toEqual(['lint', 'e2e']);
    const blockers = new Map([['e2e', new Set(['db', 'cache', 'was never run'])]]);
    expect(names(runs, [], blockers)).toEqual(['cache', 'e2e']);
  });

  it('the critical path falls back to times for a target without a recorded blocker that ran before', () => {
    const runs = [run('db', 0, 10), run('api', 11, 20), run('e2e', 21, 30)];
    expect(names(runs, [], new Map([['e2e', new Set(['api'])]]))).toEqual(['db', 'api', 'e2e']);
    expect(names(runs, [], new Map([['e2e', new Set(['unknown'])]]))).toEqual(['db', 'api', 'e2e']);
  });

  it('the critical path accepts a recorded blocker whose end was observed up to a second late', () => {
    const runs = [run('db', 0, 1_015), run('lint', 0, 18), run('e2e', 20, 2_000)];
    expect(findCriticalPath(runs, [], new Map([['e2e', new Set(['db'])]]))).toMatchObject([
      { target: 'db' },
      { target: 'e2e', gap: 0 },
    ]);
  });

  it('the critical path terminates for empty runs, and is empty without runs', () => {
    expect(names([run('a', 5, 5), run('b', 5, 5), run('c', 5, 9)])).toEqual(['c']);
    expect(names([])).toEqual([]);
  });
});

describe('listRuns', () => {
  it('the runs of a target are the completed ones', () => {
    const segments = [
      { kind: 'waiting', start: 0, end: 1, outcome: null },
      { kind: 'running', start: 1, end: 2, outcome: 'failed' },
      { kind: 'running', start: 3, end: 4, outcome: 'off' },
      { kind: 'running', start: 5, end: 6, outcome: 'ready' },
      { kind: 'ready', start: 6, end: 7, outcome: null },
      { kind: 'running', start: 8, end: null, outcome: null },
    ] as const;
    expect(listRuns('a', segments)).toEqual([run('a', 1, 2), run('a', 5, 6)]);
  });
});
