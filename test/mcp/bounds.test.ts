import { describe, expect, it } from 'vitest';
import { MAX_ANSWER, pageAfter } from '../../src/mcp/bounds.js';

const options = { toFacts: (key: string) => ({ key }), keyOf: (key: string) => key, hint: 'again' };

describe('pageAfter', () => {
  it('a page continues after the position of an item that was removed', () => {
    const { facts } = pageAfter(['a', 'c', 'd'], { ...options, after: 'b' });
    expect(facts).toEqual([{ key: 'c' }, { key: 'd' }]);
  });

  it('a page has at least one item, so that paging ends', () => {
    const long = 'x'.repeat(2 * MAX_ANSWER);
    const { facts, more } = pageAfter([long, 'y'], { ...options, after: undefined });
    expect(facts).toHaveLength(1);
    expect(more?.after?.length).toBeLessThan(300);
    expect(pageAfter([long, 'y'], { ...options, after: more?.after })).toEqual({ facts: [{ key: 'y' }] });
  });
});
