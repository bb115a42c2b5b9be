import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisOf, keepAxis, placeOf } from '../../../src/dashboard/model/time-axis.js';

const MINUTE = 60_000;

describe('the axis', () => {
  it('counts from the beginning, in steps that can be read', () => {
    const { start, end, ticks } = axisOf(1_000, 1_000, 6_034, false);
    expect([start, end]).toEqual([1_000, 6_034]);
    expect(ticks.map(({ label }) => label)).toEqual(['0 s', '1 s', '2 s', '3 s', '4 s', '5 s']);
    expect(ticks[1]?.place).toBeCloseTo(1_000 / 5_034, 9);
  });

  it('ends at the next tick while it goes on, so that bars stand still in between', () => {
    const at = (until: number) => axisOf(0, 0, until, true).end;
    expect([at(61_000), at(69_999), at(70_001)]).toEqual([75_000, 75_000, 75_000]);
    const now = axisOf(0, 0, 61_000, true);
    expect(keepAxis(now, axisOf(0, 0, 62_000, true))).toBe(now);
    expect(keepAxis(now, axisOf(0, 0, 76_000, true))).not.toBe(now);
  });

  it('shows the end alone, where that is asked for', () => {
    const { start, end, ticks } = axisOf(0, 50 * MINUTE, 60 * MINUTE, false);
    expect([start, end]).toEqual([50 * MINUTE, 60 * MINUTE]);
    expect(ticks.map(({ label }) => label)).toEqual(['50 m', '52 m', '54 m', '56 m', '58 m', '1 h']);
  });

  it('has few ticks, in order and within it, however long the time', () => {
    const lengths = fc.integer({ min: 0, max: 10 ** 11 });
    fc.assert(
      fc.property(lengths, lengths, fc.boolean(), (from, length, isMoving) => {
        const { start, end, ticks } = axisOf(0, from, from + length, isMoving);
        expect(end).toBeGreaterThan(start);
        expect(ticks.length).toBeLessThanOrEqual(8);
        for (const { place } of ticks) expect(place).toBeGreaterThanOrEqual(0);
        for (const { place } of ticks) expect(place).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('puts what is beyond it at its ends', () => {
    const axis = axisOf(0, 0, 1_000, false);
    expect([-5, 250, 2_000].map((at) => placeOf(at, axis))).toEqual([0, 0.25, 1]);
  });
});
