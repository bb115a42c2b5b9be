import { describe, expect, it } from 'vitest';
import {
  type Filter,
  groupTargets,
  isEmpty,
  listResources,
  matchesSession,
  matchesTarget,
  NO_FILTER,
  reuseGroups,
  togglePhase,
} from '../../../src/dashboard/model/filter.js';
import { session, state, target } from '../../support/dashboard-data.js';

const api = target('api:serve', [0, state.ended(0, 1, 'Port 8080 is in use')]);
const passes = (filter: Partial<Filter>) => matchesTarget(api, { ...NO_FILTER, ...filter });

describe('a filter', () => {
  it('an empty filter matches everything', () => {
    expect(passes({})).toBe(true);
    expect([
      isEmpty(NO_FILTER),
      isEmpty({ ...NO_FILTER, text: '  ' }),
      isEmpty({ ...NO_FILTER, resource: 'api' }),
    ]).toEqual([true, true, false]);
  });

  it.each<[Partial<Filter>, boolean]>([
    [{ phases: ['FAILED'] }, true],
    [{ phases: ['READY', 'FAILED'] }, true],
    [{ phases: ['READY'] }, false],
    [{ resource: 'api' }, true],
    [{ resource: 'web' }, false],
    [{ text: 'SERVE' }, true],
    [{ text: 'port use' }, true],
    [{ text: 'port web' }, false],
    [{ text: 'failed' }, true],
    [{ text: 'api', phases: ['FAILED'], resource: 'api' }, true],
    [{ text: 'api', phases: ['FAILED'], resource: 'web' }, false],
  ])('whether the filter %j matches a failed api:serve: %s', (filter, expected) => {
    expect(passes(filter)).toBe(expected);
  });

  it('a text matches id, path, verdict and reason of a Session', () => {
    const failed = session({ verdict: { state: 'FAILED', reason: 'web:serve: exit status 1' } });
    for (const text of ['shop', 'home dev', 'failed', 'exit 1', 'live'])
      expect(matchesSession(failed, text)).toBe(true);
    expect(matchesSession(failed, 'shop passed')).toBe(false);
  });

  it('togglePhase adds and removes a phase', () => {
    expect(togglePhase(togglePhase([], 'READY'), 'FAILED')).toEqual(['READY', 'FAILED']);
    expect(togglePhase(['READY', 'FAILED'], 'READY')).toEqual(['FAILED']);
  });
});

const shared = { ...target('shared:update', [0, state.running(0)]), resources: ['web', 'api'] };
const lone = { ...target('lone:update', [0, state.inactive()]), resources: [] };
const all = [
  target('api:serve', [0, state.ready(0, 1)]),
  lone,
  shared,
  target('web:serve', [0, state.waiting()]),
];

describe('groups', () => {
  it('targets are grouped by resource; one with several is in each, one without has a group too', () => {
    expect(groupTargets(all, NO_FILTER)).toEqual([
      { resource: '(no resource)', keys: ['lone:update'] },
      { resource: 'api', keys: ['api:serve', 'shared:update'] },
      { resource: 'web', keys: ['shared:update', 'web:serve'] },
    ]);
    expect(listResources(all)).toEqual(['api', 'web']);
  });

  it('groups contain matching targets, and only the selected resource', () => {
    expect(groupTargets(all, { ...NO_FILTER, phases: ['RUNNING', 'READY'] })).toEqual([
      { resource: 'api', keys: ['api:serve', 'shared:update'] },
      { resource: 'web', keys: ['shared:update'] },
    ]);
    expect(groupTargets(all, { ...NO_FILTER, resource: 'web' }).map(({ resource }) => resource)).toEqual([
      'web',
    ]);
  });

  it('reuseGroups returns the same objects for equal groups', () => {
    const before = groupTargets(all, NO_FILTER);
    expect(reuseGroups(before, groupTargets(all, NO_FILTER))).toBe(before);
    const after = reuseGroups(before, groupTargets(all.slice(0, -1), NO_FILTER));
    expect(after.map((group) => before.includes(group))).toEqual([true, true, false]);
  });
});
