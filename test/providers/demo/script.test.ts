import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/providers/demo/random.js';
import { FRAMES_BEFORE_START, writeScript } from '../../../src/providers/demo/script.js';

describe('the script of the demo', () => {
  it('has a frame every 0.3 to 1.2 s, or 2.5 s to read a scene, except the first two after the start of the demo', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), (seed, number) => {
        const steps = writeScript(number, createRandom(seed));
        if (number === 1) {
          const quick = steps.splice(FRAMES_BEFORE_START, 2).map(({ afterMs }) => afterMs);
          expect(quick).toEqual([100, 100]);
        }
        const isRead = (index: number) => steps[index]?.isLong === true;
        for (const [index, { afterMs }] of steps.slice(1).entries()) {
          if (isRead(index)) {
            expect(afterMs).toBe(2_500);
            continue;
          }
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

  it('completes its first run within 20 seconds of the start of the demo, for any seed', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const frames = writeScript(1, createRandom(seed)).slice(FRAMES_BEFORE_START);
        expect(frames.reduce((sum, { afterMs }) => sum + afterMs, 0)).toBeLessThan(20_000);
      }),
    );
  });
});
