import { describe, expect, it } from 'vitest';
import {
  type Filter,
  groupsOf,
  isEmpty,
  keepGroups,
  matchesSession,
  matchesTarget,
  NO_FILTER,
  resourcesOf,
  togglePhase,
} from '../../../src/dashboard/model/filter.js';
import { session, state, target } from '../../support/dashboard-data.js';

const api = target('api:serve', [0, state.ended(0, 1, 'Port 8080 is in use')]);
const passes = (filter: Partial<Filter>) => matchesTarget(api, { ...NO_FILTER, ...filter });

describe('a filter', () => {
  it('lets everything through when it is empty', () => {
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
  ])('%j lets a failed api:serve through: %s', (filter, expected) => {
    expect(passes(filter)).toBe(expected);
  });

  it('finds a Session by its id, its path, its verdict and why', () => {
    const failed = session({ verdict: { state: 'FAILED', reason: 'web:serve: exit status 1' } });
    for (const text of ['shop', 'home dev', 'failed', 'exit 1', 'live'])
      expect(matchesSession(failed, text)).toBe(true);
    expect(matchesSession(failed, 'shop passed')).toBe(false);
  });

  it('takes a phase in, and out again', () => {
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
  it('are by resource; a target of several is in each, and one of none has a group too', () => {
    expect(groupsOf(all, NO_FILTER)).toEqual([
      { resource: '(no resource)', keys: ['lone:update'] },
      { resource: 'api', keys: ['api:serve', 'shared:update'] },
      { resource: 'web', keys: ['shared:update', 'web:serve'] },
    ]);
    expect(resourcesOf(all)).toEqual(['api', 'web']);
  });

  it('hold what the filter lets through, and a chosen resource alone', () => {
    expect(groupsOf(all, { ...NO_FILTER, phases: ['RUNNING', 'READY'] })).toEqual([
      { resource: 'api', keys: ['api:serve', 'shared:update'] },
      { resource: 'web', keys: ['shared:update'] },
    ]);
    expect(groupsOf(all, { ...NO_FILTER, resource: 'web' }).map(({ resource }) => resource)).toEqual(['web']);
  });

  it('stay the same objects where nothing differs', () => {
    const before = groupsOf(all, NO_FILTER);
    expect(keepGroups(before, groupsOf(all, NO_FILTER))).toBe(before);
    const after = keepGroups(before, groupsOf(all.slice(0, -1), NO_FILTER));
    expect(after.map((group) => before.includes(group))).toEqual([true, true, false]);
  });
});
