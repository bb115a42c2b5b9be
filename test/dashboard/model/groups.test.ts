import { describe, expect, it } from 'vitest';
import { NO_FILTER } from '../../../src/dashboard/model/filter.js';
import { groupsOf, keepGroups, resourcesOf } from '../../../src/dashboard/model/groups.js';
import { state, target } from '../../support/dashboard-data.js';

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
