import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstNotBelow, insertSorted, removeSorted } from '../../src/store/sorted.js';

describe('a sorted list', () => {
  it('stays sorted and free of repetition through any inserts and removals', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.string({ maxLength: 2 })));
    fc.assert(
      fc.property(steps, (all) => {
        const list: string[] = [];
        const set = new Set<string>();
        for (const [insert, text] of all) {
          if (insert) {
            insertSorted(list, text);
            set.add(text);
          } else {
            removeSorted(list, text);
            set.delete(text);
          }
        }
        expect(list).toEqual([...set].sort());
      }),
    );
  });

  it('finds the place of a text that is not in it', () => {
    expect(firstNotBelow(['a', 'c', 'e'], 'd')).toBe(2);
    expect(firstNotBelow(['a', 'c', 'e'], 'f')).toBe(3);
    expect(firstNotBelow([], 'a')).toBe(0);
  });
});
