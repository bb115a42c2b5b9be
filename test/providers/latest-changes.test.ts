import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLatestChanges } from '../../src/providers/latest-changes.js';
import { anyChanges, outcomeOf } from '../support/change-arbitrary.js';

test('whatever happened, the latest changes lead to the same outcome', () => {
  fc.assert(
    fc.property(anyChanges, (changes) => {
      const latest = createLatestChanges();
      for (const change of changes) latest.apply(change);
      expect(outcomeOf(latest.changes())).toEqual(outcomeOf(changes));
    }),
  );
});

test('however much happened, they are at most two for each Session, and two', () => {
  fc.assert(
    fc.property(anyChanges, (changes) => {
      const latest = createLatestChanges();
      for (const change of changes) latest.apply(change);
      expect(latest.changes().length).toBeLessThanOrEqual(2 * 3 + 2);
    }),
  );
});

test('before the first snapshot there is none to tell', () => {
  const latest = createLatestChanges();
  latest.apply({ type: 'stale', error: 'why' });
  expect(latest.changes()).toEqual([{ type: 'stale', error: 'why' }]);
});
