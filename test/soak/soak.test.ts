import { expect, it } from 'vitest';
import { runSoak } from './soak.js';
import { findLeftovers, findMismatches } from './verdict.js';

// A short version of `npm run soak`, too short to measure memory.
it('the gateway delivers only correct states (S1 to S6), also of deltas, and frees everything (S7) while readers come, stall and resume and Tilts restart', async () => {
  const plan = {
    seed: 1,
    warmUpMs: 2_000,
    ms: 6_000,
    churnMs: 1_500,
    updatesPerSecond: 200,
    connectsPerSecond: 40,
    refill: 500,
    waitsForCuts: false,
  };
  const result = await runSoak(plan, new AbortController().signal, () => {});
  expect(findMismatches(result)).toEqual([]);
  expect(findLeftovers(result)).toEqual([]);
  expect(result.counts.connects).toBeGreaterThan(0);
  expect(result.counts.compared).toBeGreaterThan(0);
  expect(result.counts.deltas).toBeGreaterThan(0);
  expect(result.counts.digests).toBeGreaterThan(0);
}, 240_000);
