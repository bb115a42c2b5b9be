import { describe, expect, it } from 'vitest';
import { nearestNames } from '../../src/mcp/current-view.js';

describe('nearestNames', () => {
  it.each([
    ['api:server', ['api:serve']],
    ['API:serve', ['api:serve']],
    ['web', ['web:serve', 'web:update']],
    ['wbe:serve', ['web:serve']],
  ])('nearestNames finds names similar to %s', (wrong, expected) => {
    const names = ['api:serve', 'api:update', 'db:runtime', 'web:serve', 'web:update'];
    expect(nearestNames(wrong, names, 2).slice(0, expected.length)).toEqual(expected);
  });

  it('nearestNames finds nothing when no name is similar', () => {
    expect(nearestNames('zzzz-zzzz', ['api:serve', 'db:runtime'], 5)).toEqual([]);
  });
});
