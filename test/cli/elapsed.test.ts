import { describe, expect, it } from 'vitest';
import { elapsed } from '../../src/cli/elapsed.js';

describe('elapsed', () => {
  it.each([
    [-5, '0s'],
    [0, '0s'],
    [420, '0.4s'],
    [3_000, '3s'],
    [9_940, '9.9s'],
    [9_960, '10s'],
    [59_400, '59s'],
    [59_600, '1m00s'],
    [192_000, '3m12s'],
    [3_599_600, '1h00m'],
    [3_720_000, '1h02m'],
    [183_600_000, '2d03h'],
  ])('%i ms is %s', (ms, expected) => {
    expect(elapsed(ms)).toBe(expected);
  });
});
