import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateways } from './gateway/gateways.js';
import { assertHealthy, examine, type Health } from './health.js';
import { surfaces } from './surfaces/all.js';

/** A fixed sample of the inputs of `npm run fuzz`. */
const INPUTS = 300;
const SEED = 20_261_122;

const gateways = createGateways();
let before: Health;
beforeAll(async () => {
  before = await examine(gateways);
});
afterAll(() => gateways[Symbol.asyncDispose]());

describe('hostile inputs of the fuzzer', () => {
  it.each(surfaces.map((surface) => [surface.name, surface] as const))(
    'violate no invariant of the surface %s',
    async (_, surface) => {
      const { findings } = await surface.search({ seed: SEED, inputs: INPUTS, gateways });
      expect(findings).toEqual([]);
    },
  );

  it('leave the gateway running, with unchanged answers and without leaked memory', async () => {
    await assertHealthy(before, await examine(gateways));
  });
});
