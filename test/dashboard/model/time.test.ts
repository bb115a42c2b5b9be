import { describe, expect, it } from 'vitest';
import { formatDuration, formatElapsed, parseTime } from '../../../src/dashboard/model/time.js';

describe('parseTime', () => {
  it.each([
    ['2026-11-22T11:43:57.440048Z', Date.UTC(2026, 10, 22, 11, 43, 57, 440) + 0.048],
    ['2026-11-22T11:43:57Z', Date.UTC(2026, 10, 22, 11, 43, 57)],
    ['2026-11-22T12:43:57.5+01:00', Date.UTC(2026, 10, 22, 11, 43, 57, 500)],
  ])('the time %s is parsed with microseconds', (text, expected) => {
    expect(parseTime(text)).toBeCloseTo(expected, 3);
  });

  it.each([[null], [''], ['yesterday'], ['2026-13-45T99:00:00Z']])('the invalid time %j is null', (text) => {
    expect(parseTime(text)).toBeNull();
  });
});

describe('durations', () => {
  it.each([
    [-5, '0 ms'],
    [0.4, '0 ms'],
    [48.967, '49 ms'],
    [999.6, '1.00 s'],
    [1_255.472, '1.26 s'],
    [9_994, '9.99 s'],
    [9_996, '10.0 s'],
    [59_940, '59.9 s'],
    [59_960, '1 m'],
    [125_000, '2 m 5 s'],
    [3_600_000, '1 h'],
    [3_780_000, '1 h 3 m'],
    [187_200_000, '2 d 4 h'],
  ])('a duration of %d ms is formatted as %s', (ms, expected) => {
    expect(formatDuration(ms)).toBe(expected);
  });

  it.each([
    [-1, '0 s'],
    [999, '0 s'],
    [12_900, '12 s'],
    [125_999, '2 m 5 s'],
  ])('a running duration of %d ms is formatted in whole seconds: %s', (ms, expected) => {
    expect(formatElapsed(ms)).toBe(expected);
  });
});
