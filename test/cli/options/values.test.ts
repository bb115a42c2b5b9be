import { describe, expect, it } from 'vitest';
import { condition } from '../../../src/cli/options/values.js';
import { describeCondition } from '../../../src/cli/wait/wait-report.js';

describe('condition of wait', () => {
  it.each([
    ['ready', 'ready', 'to be ready'],
    ['done', 'done', 'to be done'],
    ['target:api:serve=READY', { target: 'api:serve', phase: 'READY' }, 'for api:serve to be READY'],
    [
      'target:a=b:update=succeeded',
      { target: 'a=b:update', phase: 'SUCCEEDED' },
      'for a=b:update to be SUCCEEDED',
    ],
  ])('wait parses and describes the condition %s', (text, expected, words) => {
    const read = condition(text);
    expect(read).toEqual(expected);
    expect(describeCondition(read)).toBe(words);
  });

  it.each(['', 'Ready', 'target:', 'target:api:serve', 'target:=READY', 'target:api=GREEN'])(
    'wait rejects the condition %j',
    (text) => expect(() => condition(text)).toThrow(/^Expected ready, done, or target:NAME=PHASE/),
  );
});
