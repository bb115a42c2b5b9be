import { describe, expect, it } from 'vitest';
import { terminalSize } from '../../src/cli/cli-process.js';

describe('terminalSize', () => {
  it.each([
    [
      { columns: 100, rows: 30 },
      { COLUMNS: '60', LINES: '10' },
      { columns: 100, rows: 30 },
    ],
    [
      { columns: 0, rows: 0 },
      { COLUMNS: '60', LINES: '10' },
      { columns: 60, rows: 10 },
    ],
    [{ columns: 0, rows: 0 }, {}, { columns: 80, rows: 24 }],
    [{}, { COLUMNS: 'wide', LINES: '-1' }, { columns: 80, rows: 24 }],
    [{ columns: 100 }, { LINES: '0' }, { columns: 100, rows: 24 }],
  ])(
    'terminalSize of a terminal that reports %j with the environment %j is %j',
    (reported, env, expected) => {
      expect(terminalSize(reported, env)).toEqual(expected);
    },
  );
});
