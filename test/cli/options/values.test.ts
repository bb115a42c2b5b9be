import { describe, expect, it } from 'vitest';
import { condition, limit } from '../../../src/cli/options/values.js';
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

describe('limits', () => {
  it('a name is rejected when it has a second value, which would replace the first', () => {
    expect(limit('sockets=5,depth=9', { tokens: 7 })).toEqual({ tokens: 7, sockets: 5, depth: 9 });
    expect(() => limit('sockets=5,sockets=6', {})).toThrow('Expected sockets once.');
    expect(() => limit('sockets=6', { sockets: 5 })).toThrow('Expected sockets once.');
  });
});
