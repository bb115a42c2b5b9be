import { describe, expect, it } from 'vitest';
import { NO_FILTER } from '../../../src/dashboard/model/filter.js';
import { groupTargets, NO_LABEL, reuseGroups } from '../../../src/dashboard/model/groups.js';
import type { Places } from '../../../src/dashboard/model/places.js';
import { state, target } from '../../support/dashboard-data.js';

const shared = { ...target('shared:update', [0, state.running(0)]), resources: ['web', 'api'] };
const lone = { ...target('lone:update', [0, state.inactive()]), resources: [] };
const all = [
  target('api:serve', [0, state.ready(0, 1)]),
  lone,
  shared,
  target('web:serve', [0, state.waiting()]),
];
const NO_PLACES: Places = new Map();
const group = (resource: string, ...keys: string[]) => ({ label: null, resource, keys });

describe('groups of targets', () => {
  it('targets are grouped by resource; one with several is in each, one without has a group too', () => {
    expect(groupTargets(all, NO_FILTER, NO_PLACES)).toEqual([
      group('(no resource)', 'lone:update'),
      group('api', 'api:serve', 'shared:update'),
      group('web', 'shared:update', 'web:serve'),
    ]);
  });

  it('groups contain matching targets, and only the selected resource', () => {
    expect(groupTargets(all, { ...NO_FILTER, phases: ['RUNNING', 'READY'] }, NO_PLACES)).toEqual([
      group('api', 'api:serve', 'shared:update'),
      group('web', 'shared:update'),
    ]);
    expect(groupTargets(all, { ...NO_FILTER, resource: 'web' }, NO_PLACES)).toEqual([
      group('web', 'shared:update', 'web:serve'),
    ]);
  });

  const places: Places = new Map([
    ['web', { labels: ['team-10', 'team-2'], order: 1 }],
    ['db', { labels: ['team-2'], order: 3 }],
    ['api', { labels: ['team-2'], order: 2 }],
    ['lint', { labels: [], order: 0 }],
  ]);
  const labelled = ['api', 'db', 'lint', 'new', 'web'].map((name) => target(`${name}:update`));

  it("resources are in the order of Tilt's UI; those of unknown order are last", () => {
    const groups = groupTargets(labelled, NO_FILTER, places);
    expect(groups.map(({ resource }) => resource)).toEqual(['lint', 'web', 'api', 'db', 'new']);
  });

  it('by label, a resource is below each of its labels, and those without a label are last', () => {
    const groups = groupTargets(labelled, NO_FILTER, places, 'label');
    expect(groups.map(({ label, resource }) => `${label}: ${resource}`)).toEqual([
      'team-2: web',
      'team-2: api',
      'team-2: db',
      'team-10: web',
      `${NO_LABEL}: lint`,
      `${NO_LABEL}: new`,
    ]);
  });

  it('a filter by label shows only matching labels, and of a target only the resources that have it', () => {
    const filter = { ...NO_FILTER, label: 'team-1*' };
    const both = { ...target('both:update'), resources: ['web', 'lint'] };
    expect(groupTargets([...labelled, both], filter, places, 'label')).toEqual([
      { label: 'team-10', resource: 'web', keys: ['web:update', 'both:update'] },
    ]);
  });

  it('reuseGroups returns the same objects for equal groups', () => {
    const before = groupTargets(all, NO_FILTER, NO_PLACES);
    expect(reuseGroups(before, groupTargets(all, NO_FILTER, NO_PLACES))).toBe(before);
    const after = reuseGroups(before, groupTargets(all.slice(0, -1), NO_FILTER, NO_PLACES));
    expect(after.map((one) => before.includes(one))).toEqual([true, true, false]);
  });
});
