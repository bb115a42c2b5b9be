import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSortedSet } from '../../src/store/session-table.js';

describe('createSortedSet', () => {
  it('lists each added and not deleted string once, sorted, after any sequence of operations', () => {
    const step = fc.record({
      do: fc.constantFrom('add', 'delete', 'list'),
      // Few strings, so that they repeat.
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

  it('returns the same list until the set changes, and never mutates a list that it returned', () => {
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
});
