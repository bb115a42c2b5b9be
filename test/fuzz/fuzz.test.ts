import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateways } from './gateway/gateways.js';
import { examine, type Health, mustBeWell } from './health.js';
import { surfaces } from './surfaces.js';

/** A few of the inputs of `npm run fuzz`, the same ones each time. */
const INPUTS = 300;
const SEED = 20_261_122;

const gateways = createGateways();
let before: Health;
beforeAll(async () => {
  before = await examine(gateways);
});
afterAll(() => gateways[Symbol.asyncDispose]());

describe('whatever comes in', () => {
  it.each(surfaces.map((surface) => [surface.name, surface] as const))(
    'does no harm: %s',
    async (_, surface) => {
      const { findings } = await surface.search({ seed: SEED, inputs: INPUTS, gateways });
      expect(findings).toEqual([]);
    },
  );

  it('leaves a gateway that runs on, answers a normal query as before, and holds nothing more', async () => {
    await mustBeWell(before, await examine(gateways));
  });
});
