import { describe, expect, it } from 'vitest';
import { between, createRandom, pick, uuid } from '../../../src/providers/demo/random.js';

describe('the random numbers of the demo', () => {
  it('are the same for the same seed', () => {
    const [one, same, other] = [1, 1, 2].map((seed) => Array.from({ length: 10 }, createRandom(seed)));
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
  });

  it('are distributed evenly from 0 up to 1', () => {
    const numbers = Array.from({ length: 10_000 }, createRandom(7));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toBeCloseTo(0.5, 1);
  });

  it('make integers of an inclusive range', () => {
    const random = createRandom(1);
    const numbers = new Set(Array.from({ length: 200 }, () => between(random, 3, 5)));
    expect([...numbers].toSorted()).toEqual([3, 4, 5]);
  });

  it('select every item of a list', () => {
    const random = createRandom(1);
    expect(new Set(Array.from({ length: 200 }, () => pick(random, ['a', 'b', 'c'])))).toEqual(new Set('abc'));
  });

  it('make UUIDs of version 4', () => {
    expect(uuid(createRandom(1))).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });
});
