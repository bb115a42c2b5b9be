import { describe, expect, it } from 'vitest';
import {
  compileSessionFilter,
  compileTargetFilter,
  type Filter,
  isEmpty,
  listResources,
  NO_FILTER,
  toggle,
} from '../../../src/dashboard/model/filter.js';
import type { Places } from '../../../src/dashboard/model/places.js';
import { session, state, target } from '../../support/dashboard-data.js';

const api = target('api:serve', [0, state.ended(0, 1, 'Port 8080 is in use')]);
const places: Places = new Map([['api', { labels: ['backend', 'slow'], order: 1 }]]);
const passes = (filter: Partial<Filter>) => compileTargetFilter({ ...NO_FILTER, ...filter }, places)(api);

describe('a filter', () => {
  it('an empty filter matches everything', () => {
    expect(passes({})).toBe(true);
    expect([
      isEmpty(NO_FILTER),
      isEmpty({ ...NO_FILTER, text: '  ' }),
      isEmpty({ ...NO_FILTER, resource: 'api' }),
      isEmpty({ ...NO_FILTER, label: 'backend' }),
      isEmpty({ ...NO_FILTER, verdicts: ['FAILED'] }),
    ]).toEqual([true, true, false, false, false]);
  });

  it.each<[Partial<Filter>, boolean]>([
    [{ phases: ['FAILED'] }, true],
    [{ phases: ['READY', 'FAILED'] }, true],
    [{ phases: ['READY'] }, false],
    [{ resource: 'api' }, true],
    [{ resource: 'web' }, false],
    [{ label: 'backend' }, true],
    [{ label: 'back*' }, true],
    [{ label: 'back' }, false],
    [{ label: 'backend', resource: 'web' }, false],
    [{ text: 'SERVE' }, true],
    [{ text: 'port use' }, true],
    [{ text: 'port web' }, false],
    [{ text: 'failed' }, true],
    [{ text: 'api', phases: ['FAILED'], resource: 'api' }, true],
    [{ text: 'api', phases: ['FAILED'], resource: 'web' }, false],
  ])('whether the filter %j matches a failed api:serve: %s', (filter, expected) => {
    expect(passes(filter)).toBe(expected);
  });

  it('a label matches no target whose labels are not known', () => {
    expect(compileTargetFilter({ ...NO_FILTER, label: '*' }, new Map())(api)).toBe(false);
  });

  const failed = session({ verdict: { state: 'FAILED', reason: 'web:serve: exit status 1' } });
  const passesSession = (filter: Partial<Filter>, labelled: ReadonlySet<string> | null = null) =>
    compileSessionFilter({ ...NO_FILTER, ...filter }, labelled)(failed);

  it('a text matches id, path, verdict and reason of a Session', () => {
    for (const text of ['shop', 'home dev', 'failed', 'exit 1', 'live'])
      expect(passesSession({ text })).toBe(true);
    expect(passesSession({ text: 'shop passed' })).toBe(false);
  });

  it('a Session matches by its verdict, and by the label that the gateway found in it', () => {
    expect(passesSession({ verdicts: ['PASSED', 'FAILED'] })).toBe(true);
    expect(passesSession({ verdicts: ['PASSED'] })).toBe(false);
    expect(passesSession({ label: 'backend' }, new Set([failed.id]))).toBe(true);
    expect(passesSession({ label: 'backend' }, new Set())).toBe(false);
  });

  it('toggle adds and removes a value', () => {
    expect(toggle(toggle([], 'READY'), 'FAILED')).toEqual(['READY', 'FAILED']);
    expect(toggle(['READY', 'FAILED'], 'READY')).toEqual(['FAILED']);
  });

  it('the resources of targets are listed once, by name', () => {
    expect(listResources([target('web:serve'), target('api:update'), api])).toEqual(['api', 'web']);
  });
});
