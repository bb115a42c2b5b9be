import { describe, expect, it } from 'vitest';
import { Rate } from '../../../src/server/websocket/rate.js';

/** Counts how many events are allowed at a time. */
function countAt(rate: Rate, now: number): number {
  let count = 0;
  while (rate.take(now)) count += 1;
  return count;
}

describe('the rate limit', () => {
  it('the rate limit allows a burst of twice the rate, then the rate per second', () => {
    const rate = new Rate(10, 0);
    expect(countAt(rate, 0)).toBe(20);
    expect(countAt(rate, 500)).toBe(5);
    expect(countAt(rate, 1_500)).toBe(10);
    expect(countAt(rate, 100_000)).toBe(20);
  });

  it('the rate limit grants nothing when the clock jumps back, and continues from there', () => {
    const rate = new Rate(10, 1_000_000);
    countAt(rate, 1_000_000);
    expect(countAt(rate, 0)).toBe(0);
    expect(countAt(rate, 100)).toBe(1);
  });
});
