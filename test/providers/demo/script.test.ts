import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, FRAMES_BEFORE_START, writeScript } from '../../../src/providers/demo/script.js';

describe('the script of the demo', () => {
  it('has a frame every 0.3 to 1.2 s, except the first two after the start of the demo', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), (seed, number) => {
        const steps = writeScript(number, createRandom(seed));
        if (number === 1) {
          const quick = steps.splice(FRAMES_BEFORE_START, 2).map(({ afterMs }) => afterMs);
          expect(quick).toEqual([100, 100]);
        }
        for (const { afterMs } of steps.slice(1)) {
          expect(afterMs).toBeGreaterThanOrEqual(300);
          expect(afterMs).toBeLessThanOrEqual(1_200);
        }
      }),
    );
  });

  it('starts the first run at once, and each later one after a pause of 2 s', () => {
    const waits = [1, 2, 3].map((number) => writeScript(number, createRandom(1))[0]?.afterMs);
    expect(waits).toEqual([0, 2_000, 2_000]);
  });

  it('completes its first run within 15 seconds, for any seed', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const frames = writeScript(1, createRandom(seed));
        expect(frames.reduce((sum, { afterMs }) => sum + afterMs, 0)).toBeLessThan(15_000);
      }),
    );
  });
});
