import { describe, expect, it } from 'vitest';
import { selectionOf } from '../../../src/cli/query/selection.js';
import { tablesOf } from '../../../src/cli/query/table.js';
import { widthOf } from '../../../src/cli/text-width.js';
import { typeDefs } from '../../../src/graphql/schema.js';

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

  it('is a header where the list has no item, and where there is no object', () => {
    const document = `query { targets { name state { ... on TargetStateActive { ready } } }
      sessions { totalCount nodes { ...S } } session { id counts { total } } gateway { version } }
      fragment S on Session { id verdict { state failed { name } } }`;
    const selection = selectionOf(document, typeDefs);
    const data = {
      targets: [],
      sessions: { totalCount: 0, nodes: [] },
      session: null,
      gateway: { version: '1' },
    };
    expect(tablesOf(data, { selection }).trimEnd().split('\n\n')).toEqual([
      'name  state.ready',
      'id  verdict.state  verdict.failed',
      'id  counts.total',
      'version\n1',
    ]);
  });

  it('cuts its widest columns to fit a width, and lines at their end where that is not enough', () => {
    const l = [{ id: 'api', text: 'x'.repeat(50), note: '日本語'.repeat(5) }];
    const [head, row] = tablesOf({ l }, { maxWidth: 30 }).split('\n');
    expect(head).toBe('id   text         note');
    expect(row).toBe(`api  ${'x'.repeat(10)}…  日本語日本…`);
    for (const line of tablesOf({ l }, { maxWidth: 8 }).split('\n')) {
      expect(widthOf(line)).toBeLessThanOrEqual(8);
    }
  });
});
