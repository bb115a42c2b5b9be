import { describe, expect, it } from 'vitest';
import { tablesOf } from '../../../src/cli/query/table.js';

describe('a table', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'has a row for each item of a list, and columns for fields of fields',
      {
        targets: [
          { name: 'api', state: { ready: true, error: null } },
          { name: 'web', state: null },
        ],
      },
      ['name  state.ready  state.error  state', 'api   true', 'web'],
    ],
    [
      'finds the list that is nested the least',
      {
        sessions: {
          totalCount: 1,
          nodes: [{ id: 'a/b', verdict: { failed: [{ name: 'x' }, { name: 'y' }] } }],
        },
      },
      ['id   verdict.failed', 'a/b  x, y'],
    ],
    [
      'has one row for an object without a list',
      { session: { id: 'a/b', tags: ['x', 'y'] } },
      ['id   tags', 'a/b  x, y'],
    ],
    ['has a cell for a value', { count: 3 }, ['count', '3']],
    [
      'keeps columns of wide characters straight',
      {
        l: [
          { a: '日本', b: 1 },
          { a: 'x', b: 2 },
        ],
      },
      ['a     b', '日本  1', 'x     2'],
    ],
    ['makes one line of a text of many', { l: [{ a: 'x\n\u001b[2Jy' }] }, ['a', 'x y']],
    ['is nothing where there is nothing', { session: null, targets: [] }, []],
  ])('%s', (_, data, lines) => {
    expect(tablesOf(data)).toBe(lines.map((line) => `${line}\n`).join(''));
  });

  it('stands for each field, apart by an empty line', () => {
    expect(tablesOf({ a: [{ x: 1 }], b: [{ y: 2 }] })).toBe('x\n1\n\ny\n2\n');
  });
});
