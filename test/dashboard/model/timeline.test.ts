import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findReferenceTime } from '../../../src/dashboard/model/shown-verdict.js';
import {
  buildTimeline,
  createAxis,
  findCriticalPath,
  listRuns,
  reuseAxis,
  type TargetRun,
  toPosition,
} from '../../../src/dashboard/model/timeline.js';
import { ms, session, state, target, time } from '../../support/dashboard-data.js';

const load = target('tiltfile:update', [1.1, state.ended(1, 2)]);
const unit = target('unit:update', [2.1, state.waiting()], [6.1, state.ended(3, 6, 'exit status 1')]);
const db = target('db:serve', [2.1, state.waiting()], [4.1, state.ready(2.5, 4)]);
const later = target('web:serve', [2.1, state.waiting()]);
const done = session({
  status: { done: true },
  verdict: { state: 'FAILED', failed: [{ name: 'unit:update' }] },
});

describe('buildTimeline', () => {
  it('the timeline has a row for each target, ordered by the start of the first run', () => {
    const { rows, origin } = buildTimeline(done, [later, unit, db, load]);
    expect(rows.map(({ name }) => name)).toEqual(['tiltfile:update', 'db:serve', 'unit:update', 'web:serve']);
    expect(origin).toBe(ms(0));
  });

  it('the timeline has a critical path once the run is done', () => {
    expect(buildTimeline(done, [db, load, unit]).path.map((step) => step.target)).toEqual([
      'tiltfile:update',
      'unit:update',
    ]);
    expect(buildTimeline(session(), [db, load, unit]).path).toEqual([]);
  });

  it('the timeline reuses the row of an unchanged target', () => {
    const before = buildTimeline(done, [load, db]);
    const after = buildTimeline(done, [load, { ...db }]);
    expect(after.rows.map((row, index) => row === before.rows[index])).toEqual([true, false]);
  });

  it('the timeline has no origin while no time is known', () => {
    expect(buildTimeline(session({ status: { startTime: null } }), []).origin).toBeNull();
  });
});

describe('findReferenceTime', () => {
  const link = { state: 'live', since: ms(0) };

  it('the reference time of a finished run is the end of its last target', () => {
    expect(findReferenceTime(done, [load, unit, db], link)).toBe(ms(6));
  });

  it('the reference time of a disconnected Session is the earlier loss of connection', () => {
    const stale = session({ connection: { state: 'STALE', since: time(50) } });
    expect(findReferenceTime(stale, [load], link)).toBe(ms(50));
    expect(findReferenceTime(stale, [load], { state: 'lost', since: ms(40) })).toBe(ms(40));
    expect(findReferenceTime(session(), [load], { state: 'lost', since: ms(40) })).toBe(ms(40));
  });
});

const run = (target: string, start: number, end: number): TargetRun => ({ target, start, end });
const names = (runs: readonly TargetRun[], last?: readonly string[]) =>
  findCriticalPath(runs, last).map(({ target }) => target);

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

const MINUTE = 60_000;

describe('createAxis', () => {
  it('the axis has labels relative to the origin in round steps', () => {
    const { start, end, ticks } = createAxis(1_000, 1_000, 6_034, false);
    expect([start, end]).toEqual([1_000, 6_034]);
    expect(ticks.map(({ label }) => label)).toEqual(['0 s', '1 s', '2 s', '3 s', '4 s', '5 s']);
    expect(ticks[1]?.position).toBeCloseTo(1_000 / 5_034, 9);
  });

  it('a moving axis ends at the next tick and stays equal in between', () => {
    const at = (until: number) => createAxis(0, 0, until, true).end;
    expect([at(61_000), at(69_999), at(70_001)]).toEqual([75_000, 75_000, 75_000]);
    const now = createAxis(0, 0, 61_000, true);
    expect(reuseAxis(now, createAxis(0, 0, 62_000, true))).toBe(now);
    expect(reuseAxis(now, createAxis(0, 0, 76_000, true))).not.toBe(now);
  });

  it('an axis of the last ten minutes keeps labels relative to the origin', () => {
    const { start, end, ticks } = createAxis(0, 50 * MINUTE, 60 * MINUTE, false);
    expect([start, end]).toEqual([50 * MINUTE, 60 * MINUTE]);
    expect(ticks.map(({ label }) => label)).toEqual(['50 m', '52 m', '54 m', '56 m', '58 m', '1 h']);
  });

  it('an axis of any length has at most eight ticks within its range', () => {
    const lengths = fc.integer({ min: 0, max: 10 ** 11 });
    fc.assert(
      fc.property(lengths, lengths, fc.boolean(), (from, length, isMoving) => {
        const { start, end, ticks } = createAxis(0, from, from + length, isMoving);
        expect(end).toBeGreaterThan(start);
        expect(ticks.length).toBeLessThanOrEqual(8);
        for (const { position } of ticks) expect(position).toBeGreaterThanOrEqual(0);
        for (const { position } of ticks) expect(position).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('positions outside the axis are clamped', () => {
    const axis = createAxis(0, 0, 1_000, false);
    expect([-5, 250, 2_000].map((at) => toPosition(at, axis))).toEqual([0, 0.25, 1]);
  });
});
