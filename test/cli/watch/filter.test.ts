import { describe, expect, it } from 'vitest';
import { filter } from '../../../src/cli/watch/filter.js';

describe('a filter of watch', () => {
  it.each([
    [['api:*'], { name: 'api:*' }],
    [['name=a=b:update'], { name: 'a=b:update' }],
    [['odd=name'], { name: 'odd=name' }],
    [['phase=failed, WAITING', 'phase=retrying'], { phase: ['FAILED', 'WAITING', 'RETRYING'] }],
    [
      ['type=server', 'resource=api,web', 'web:*'],
      { type: ['SERVER'], resource: ['api', 'web'], name: 'web:*' },
    ],
  ])('%j', (texts, expected) => {
    expect(
      texts.reduce<ReturnType<typeof filter> | undefined>((given, text) => filter(text, given), undefined),
    ).toEqual(expected);
  });

  it.each([
    ['', /^Expected a value/],
    ['phase=', /^Expected a value/],
    ['phase=GREEN', /^Expected one of FAILED, /],
    ['type=', /^Expected a value/],
    ['type=cron', /^Expected one of JOB, SERVER/],
  ])('refuses %j', (text, expected) => {
    expect(() => filter(text, undefined)).toThrow(expected);
  });
});
