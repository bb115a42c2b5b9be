import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSortedSet, firstNotBelow } from '../../src/store/sorted.js';

describe('a sorted set', () => {
  it('lists what was added and not deleted, in order and once, whenever it is asked', () => {
    const step = fc.record({
      do: fc.constantFrom('add', 'delete', 'list'),
      // Few, so that they come again.
      text: fc.constantFrom('', 'a', 'B', 'aa'),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
        const set = createSortedSet();
        const expected = new Set<string>();
        for (const { do: what, text } of steps) {
          if (what === 'add') {
            set.add(text);
            expected.add(text);
          } else if (what === 'delete') {
            set.delete(text);
            expected.delete(text);
          } else {
            expect(set.list()).toEqual([...expected].sort());
          }
        }
        expect(set.list()).toEqual([...expected].sort());
      }),
    );
  });

  it('gives the same list until something changes, and leaves one that was given as it is', () => {
    const set = createSortedSet();
    set.add('b');
    const list = set.list();
    set.add('b');
    set.delete('c');
    expect(set.list()).toBe(list);
    set.add('a');
    set.delete('b');
    expect(set.list()).toEqual(['a']);
    expect(list).toEqual(['b']);
  });

  it('finds the place of a text that is not in a sorted list', () => {
    expect(firstNotBelow(['a', 'c', 'e'], 'd')).toBe(2);
    expect(firstNotBelow(['a', 'c', 'e'], 'f')).toBe(3);
    expect(firstNotBelow([], 'a')).toBe(0);
  });
});
