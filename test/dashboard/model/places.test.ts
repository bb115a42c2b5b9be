import { describe, expect, it } from 'vitest';
import { findPlaces, indexResources, listLabels } from '../../../src/dashboard/model/places.js';
import { resource } from '../../support/dashboard-data.js';

const api = resource('api', { labels: ['team-10', 'team-2'], order: 1 });
const web = resource('web', { labels: ['team-2'], order: 2 });

describe('the resources of the page', () => {
  it('equal resources keep their objects, and an equal list keeps its map', () => {
    const before = indexResources(new Map(), [api, web]);
    expect(indexResources(before, [{ ...api }, { ...web }])).toBe(before);
    const after = indexResources(before, [{ ...api }, { ...web, queued: true }]);
    expect([after === before, after.get('api') === api, after.get('web')?.queued]).toEqual([
      false,
      true,
      true,
    ]);
    expect(indexResources(before, [api]).size).toBe(1);
  });

  it('places change only with a label or an order, not with other facts', () => {
    const before = findPlaces(new Map(), new Map([['api', api]]));
    expect(findPlaces(before, new Map([['api', { ...api, queued: true }]]))).toBe(before);
    expect(findPlaces(before, new Map([['api', { ...api, order: 7 }]]))).not.toBe(before);
    expect(findPlaces(before, new Map())).toEqual(new Map());
  });

  it('a resource whose labels are not known has no place', () => {
    expect(findPlaces(new Map(), new Map([['old', resource('old', { labels: null })]])).size).toBe(0);
  });

  it('labels are listed once, team-2 before team-10', () => {
    const places = findPlaces(new Map(), indexResources(new Map(), [api, web]));
    expect(listLabels(places)).toEqual(['team-2', 'team-10']);
  });
});
