import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNaturally } from '../../src/lib/natural-order.js';

describe('natural order', () => {
  it('numbers in names are compared by their value', () => {
    const names = ['team-10/a', 'team-2/a', 'team-1/b', 'team-1/a', 'Team-1/a', 'team-02/a'];
    expect(names.toSorted(compareNaturally)).toEqual([
      'team-1/a',
      'Team-1/a',
      'team-1/b',
      'team-02/a',
      'team-2/a',
      'team-10/a',
    ]);
  });

  it('only equal names compare as equal', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'A', '0', '1', '-', '\u0000', 'é'), maxLength: 5 });
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(compareNaturally(a, b) === 0).toBe(a === b);
        expect(Math.sign(compareNaturally(a, b)) + Math.sign(compareNaturally(b, a))).toBe(0);
      }),
    );
  });
});
