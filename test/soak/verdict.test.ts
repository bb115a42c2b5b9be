import { describe, expect, it } from 'vitest';
import type { Figures } from './processes/api.js';
import type { SoakResult } from './soak.js';
import { findFailures } from './verdict.js';

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

const PROCESS = { start: FIGURES, end: FIGURES, closed: { readers: 0, timers: 0 } };

const RESULT: SoakResult = {
  gateway: PROCESS,
  publisher: PROCESS,
  counts: {
    ms: 60_000,
    rounds: 12,
    updates: 40_000,
    chaos: { restarts: 3 },
    longestStallMs: 20,
    connects: 8_000,
    payloads: 90_000,
    resumes: 900,
    resets: 90,
    conflated: 9,
    stalls: 90,
    cut: 1,
    compared: 90_000,
    deltas: 9_000,
    digests: 90,
    digestMismatches: 0,
    mismatches: 0,
    firstMismatches: [],
  },
};

const GOALS = { connects: 7_000, updates: 35_000, heapGrowth: 0.05, variety: true };

describe('the verdict of a soak run', () => {
  it('passes a run that ends with the figures of its start', () => {
    expect(findFailures(RESULT, GOALS)).toEqual([]);
  });

  it('accepts a little more heap and less of everything else', () => {
    const gateway = { ...PROCESS, end: { ...FIGURES, heapBytes: 41_900_000, timers: 5 } };
    expect(findFailures({ ...RESULT, gateway }, GOALS)).toEqual([]);
  });

  it.each<[string, Partial<SoakResult>, RegExp]>([
    [
      'a mismatch',
      { counts: { ...RESULT.counts, mismatches: 1, firstMismatches: ['x'] } },
      /1 state differed from the model/,
    ],
    [
      'a state that differs from a digest',
      { counts: { ...RESULT.counts, digestMismatches: 1 } },
      /1 states differed from a publisher's digest/,
    ],
    [
      'a larger heap',
      { publisher: { ...PROCESS, end: { ...FIGURES, heapBytes: 42_400_000 } } },
      /publisher, the heap grew by 6.0 %/,
    ],
    [
      'an additional reader',
      { gateway: { ...PROCESS, end: { ...FIGURES, readers: 1 } } },
      /readers: 1 after all clients disconnected/,
    ],
    [
      'an additional open file',
      { publisher: { ...PROCESS, end: { ...FIGURES, files: 31 } } },
      /publisher, open files: 31 at the end, 30 at the start/,
    ],
    [
      'a new kind of handle',
      { gateway: { ...PROCESS, end: { ...FIGURES, handles: { PipeWrap: 1 } } } },
      /handles of PipeWrap: 1 at the end, 0/,
    ],
    [
      'an additional timer',
      { gateway: { ...PROCESS, end: { ...FIGURES, objects: { Timeout: 9 } } } },
      /objects of Timeout: 9 at the end, 8/,
    ],
    [
      'a timer after the gateway closed',
      { gateway: { ...PROCESS, closed: { readers: 0, timers: 6 } } },
      /gateway, timers: 6 after it was closed/,
    ],
    [
      'too few connects',
      { counts: { ...RESULT.counts, connects: 6_999 } },
      /6999 connects, expected at least 7000/,
    ],
    [
      'a fault that was never injected',
      { counts: { ...RESULT.counts, chaos: { restarts: 0 } } },
      /restarts: 0/,
    ],
  ])('fails for %s and names the reason', (_, change, reason) => {
    expect(findFailures({ ...RESULT, ...change }, GOALS)[0]).toMatch(reason);
  });
});
