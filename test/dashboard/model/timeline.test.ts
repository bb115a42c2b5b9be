import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findReferenceTime } from '../../../src/dashboard/model/shown-verdict.js';
import { buildTimeline, createAxis, reuseAxis, toPosition } from '../../../src/dashboard/model/timeline.js';
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

  it.each([
    [
      3.2,
      1,
      [
        '3 h 11 m',
        '3 h 11 m 10 s',
        '3 h 11 m 20 s',
        '3 h 11 m 30 s',
        '3 h 11 m 40 s',
        '3 h 11 m 50 s',
        '3 h 12 m',
      ],
    ],
    [25.3, 60, ['1 d 20 m', '1 d 30 m', '1 d 40 m', '1 d 50 m', '1 d 1 h', '1 d 1 h 10 m']],
    [30, 10, ['1 d 5 h 50 m', '1 d 5 h 52 m', '1 d 5 h 54 m', '1 d 5 h 56 m', '1 d 5 h 58 m', '1 d 6 h']],
  ])('after %d h, the labels of the last %d minutes differ', (hours, minutes, labels) => {
    const until = hours * 60 * MINUTE;
    const { ticks } = createAxis(0, until - minutes * MINUTE, until, false);
    expect(ticks.map(({ label }) => label)).toEqual(labels);
  });

  it('the labels and positions of an axis of any range differ', () => {
    const lengths = fc.integer({ min: 0, max: 10 ** 11 });
    fc.assert(
      fc.property(lengths, lengths, fc.boolean(), (from, length, isMoving) => {
        const { ticks } = createAxis(0, from, from + length, isMoving);
        expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length);
        expect(new Set(ticks.map(({ position }) => position)).size).toBe(ticks.length);
      }),
    );
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
