import { expect, it } from 'vitest';
import { runSoak } from './soak.js';
import { leftOf, wrongOf } from './verdict.js';

// The same as `npm run soak`, in small: too short to say anything of memory.
it('after readers came and went, stalled and resumed, while Tilts restarted, every fold was right and nothing is left', async () => {
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
  expect(wrongOf(result)).toEqual([]);
  expect(leftOf(result)).toEqual([]);
  expect(result.counts.connects).toBeGreaterThan(0);
  expect(result.counts.compared).toBeGreaterThan(0);
}, 240_000);
