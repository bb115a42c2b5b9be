import { describe, expect, it } from 'vitest';
import { readSelection, toTables } from '../../../src/cli/query/table.js';
import { widthOf } from '../../../src/cli/text.js';
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
      ['name  state.ready  state.error', 'api   true', 'web'],
    ],
    [
      'shows the least nested list',
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
    [
      'has no column for an object that is null where another row has its fields',
      {
        targets: [
          { name: 'api', blockedBy: [], rootCause: null, phase: 'READY' },
          {
            name: 'web',
            blockedBy: [{ name: 'api' }, { name: 'db' }],
            rootCause: { name: 'db' },
            phase: 'WAITING',
          },
        ],
      },
      [
        'name  blockedBy  rootCause.name  phase',
        'api                              READY',
        'web   api, db    db              WAITING',
      ],
    ],
    ['keeps the column of an object that is always null', { l: [{ a: 1, b: null }] }, ['a  b', '1']],
    ['has a cell for a value', { count: 3 }, ['count', '3']],
    [
      'aligns columns with wide characters',
      {
        l: [
          { a: '日本', b: 1 },
          { a: 'x', b: 2 },
        ],
      },
      ['a     b', '日本  1', 'x     2'],
    ],
    ['shows a multi-line text as one line', { l: [{ a: 'x\n\u001b[2Jy' }] }, ['a', 'x y']],
    ['is empty for null and for a list without items', { session: null, targets: [] }, []],
  ])('a table %s', (_, data, lines) => {
    expect(toTables(data)).toBe(lines.map((line) => `${line}\n`).join(''));
  });

  it('a long error loses its middle where the table is cut, and other texts lose their end', () => {
    const text = `start ${'x'.repeat(100)} end`;
    const [, row] = toTables({ l: [{ name: text, error: text }] }, { maxWidth: 60 }).split('\n');
    expect(row).toMatch(/^start x+… {2}start x+…x+ end$/);
    expect(widthOf(row ?? '')).toBe(60);
  });

  it('each field has its own table, separated by an empty line', () => {
    expect(toTables({ a: [{ x: 1 }], b: [{ y: 2 }] })).toBe('x\n1\n\ny\n2\n');
  });

  it('an empty list and a missing object give a header without rows', () => {
    const document = `query { targets { name state { ... on TargetStateActive { ready } } }
      sessions { totalCount nodes { ...S } } session { id counts { total } } gateway { version } }
      fragment S on Session { id verdict { state failed { name } } }`;
    const selection = readSelection(document, typeDefs);
    const data = {
      targets: [],
      sessions: { totalCount: 0, nodes: [] },
      session: null,
      gateway: { version: '1' },
    };
    expect(toTables(data, { selection }).trimEnd().split('\n\n')).toEqual([
      'name  state.ready',
      'id  verdict.state  verdict.failed',
      'id  counts.total',
      'version\n1',
    ]);
  });

  it('the widest columns are truncated to the terminal width, and then the ends of lines', () => {
    const l = [{ id: 'api', text: 'x'.repeat(50), note: '日本語'.repeat(5) }];
    const [head, row] = toTables({ l }, { maxWidth: 30 }).split('\n');
    expect(head).toBe('id   text         note');
    expect(row).toBe(`api  ${'x'.repeat(10)}…  日本語日本…`);
    for (const line of toTables({ l }, { maxWidth: 8 }).split('\n')) {
      expect(widthOf(line)).toBeLessThanOrEqual(8);
    }
  });
});
