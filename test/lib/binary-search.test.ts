import { describe, expect, it } from 'vitest';
import { firstIndexAtOrAfter } from '../../src/lib/binary-search.js';

describe('firstIndexAtOrAfter', () => {
  it('returns the position at which a missing string would be inserted into a sorted list', () => {
    expect(firstIndexAtOrAfter(['a', 'c', 'e'], 'd')).toBe(2);
    expect(firstIndexAtOrAfter(['a', 'c', 'e'], 'f')).toBe(3);
    expect(firstIndexAtOrAfter([], 'a')).toBe(0);
  });
});
