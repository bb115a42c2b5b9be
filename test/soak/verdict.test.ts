import { describe, expect, it } from 'vitest';
import type { Figures } from './processes/api.js';
import type { SoakResult } from './soak.js';
import { failuresOf } from './verdict.js';

const FIGURES: Figures = {
  heapBytes: 40_000_000,
  rssBytes: 90_000_000,
  readers: 0,
  timers: 6,
  files: 30,
  handles: { TCPSocketWrap: 5 },
  objects: { Timeout: 8 },
  listeners: 3,
};

const RESULT: SoakResult = {
  start: FIGURES,
  end: FIGURES,
  closed: { readers: 0, timers: 0 },
  counts: {
    ms: 60_000,
    rounds: 12,
    updates: 40_000,
    mischief: { restarts: 3 },
    longestStallMs: 20,
    connects: 8_000,
    payloads: 90_000,
    resumes: 900,
    resets: 90,
    conflated: 9,
    stalls: 90,
    cut: 1,
    compared: 90_000,
    wrong: 0,
    firstWrong: [],
  },
};

const GOALS = { connects: 7_000, updates: 35_000, heapGrowth: 0.05, variety: true };

describe('the verdict of a soak', () => {
  it('passes one that ends as it began', () => {
    expect(failuresOf(RESULT, GOALS)).toEqual([]);
  });

  it('bears a little more heap, and less of all else', () => {
    expect(failuresOf({ ...RESULT, end: { ...FIGURES, heapBytes: 41_900_000, timers: 5 } }, GOALS)).toEqual(
      [],
    );
  });

  it.each<[string, Partial<SoakResult>, RegExp]>([
    [
      'a wrong fold',
      { counts: { ...RESULT.counts, wrong: 1, firstWrong: ['x'] } },
      /1 times a reader was wrong/,
    ],
    ['a bigger heap', { end: { ...FIGURES, heapBytes: 42_400_000 } }, /the heap grew by 6.0 %/],
    ['a reader too many', { end: { ...FIGURES, readers: 1 } }, /readers: 1 with nobody there/],
    ['a file too many', { end: { ...FIGURES, files: 31 } }, /open files: 31 at the end, 30 at the start/],
    [
      'a new kind of handle',
      { end: { ...FIGURES, handles: { PipeWrap: 1 } } },
      /handles of PipeWrap: 1 at the end, 0/,
    ],
    [
      'a timer too many',
      { end: { ...FIGURES, objects: { Timeout: 9 } } },
      /objects of Timeout: 9 at the end, 8/,
    ],
    [
      'a timer after the close',
      { closed: { readers: 0, timers: 6 } },
      /timers: 6 after the gateway was closed/,
    ],
    ['too few connects', { counts: { ...RESULT.counts, connects: 6_999 } }, /6999 connects, of 7000/],
    ['what was not tried', { counts: { ...RESULT.counts, mischief: { restarts: 0 } } }, /restarts: none/],
  ])('fails %s, and says so', (_, change, reason) => {
    expect(failuresOf({ ...RESULT, ...change }, GOALS)[0]).toMatch(reason);
  });
});
