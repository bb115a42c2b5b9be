import { createRandom, type Random } from '../../../src/providers/demo/random.js';

/** Factor for the delays of retries, because rounds are short. */
const FACTOR = 0.02;

/** Creates the random numbers from which a gateway or a publisher determines how long to wait for a retry. */
export function createShortDelays(seed: number): Random {
  const random = createRandom(seed);
  return () => random() * FACTOR;
}
