import { describe, expect, it } from 'vitest';
import { Rate } from '../../../src/server/websocket/rate.js';

/** How often it may happen at a moment. */
function countAt(rate: Rate, now: number): number {
  let count = 0;
  while (rate.take(now)) count += 1;
  return count;
}

describe('a rate', () => {
  it('allows twice as many at once, then so many a second', () => {
    const rate = new Rate(10, 0);
    expect(countAt(rate, 0)).toBe(20);
    expect(countAt(rate, 500)).toBe(5);
    expect(countAt(rate, 1_500)).toBe(10);
    expect(countAt(rate, 100_000)).toBe(20);
  });

  it('gives nothing for a clock that was put back, and goes on from there', () => {
    const rate = new Rate(10, 1_000_000);
    countAt(rate, 1_000_000);
    expect(countAt(rate, 0)).toBe(0);
    expect(countAt(rate, 100)).toBe(1);
  });
});
