import { describe, expect, it } from 'vitest';
import { condition } from '../../../src/cli/option-values.js';
import { inWords } from '../../../src/cli/wait/wait-report.js';

describe('a condition of wait', () => {
  it.each([
    ['ready', 'ready', 'to be ready'],
    ['done', 'done', 'to be done'],
    ['target:api:serve=READY', { target: 'api:serve', phase: 'READY' }, 'for api:serve to be READY'],
    [
      'target:a=b:update=succeeded',
      { target: 'a=b:update', phase: 'SUCCEEDED' },
      'for a=b:update to be SUCCEEDED',
    ],
  ])('%s', (text, expected, words) => {
    const read = condition(text);
    expect(read).toEqual(expected);
    expect(inWords(read)).toBe(words);
  });

  it.each(['', 'Ready', 'target:', 'target:api:serve', 'target:=READY', 'target:api=GREEN'])(
    'refuses %j',
    (text) => expect(() => condition(text)).toThrow(/^Expected ready, done, or target:NAME=PHASE/),
  );
});
