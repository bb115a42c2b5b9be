import { expect, test } from 'vitest';
import { createSeenVersions } from '../../../src/providers/kubernetes/object-history.js';

const identity = (uid: string | null, resourceVersion: string | null) => ({
  instance: 'tilt',
  id: 'tilt/x',
  uid,
  resourceVersion,
});

test('a version is old once it or a later one was seen, in any order', () => {
  const seen = createSeenVersions();
  expect(seen.isOld(identity('a', '5'))).toBe(false);
  seen.record(identity('a', '5'));
  seen.record(identity('a', '3'));
  expect(seen.isOld(identity('a', '5'))).toBe(true);
  expect(seen.isOld(identity('a', '6'))).toBe(false);
  expect(seen.isOld(identity('b', '1'))).toBe(false);
});

test('what has no uid or no number is never old, and new unless it is the latest', () => {
  const seen = createSeenVersions();
  seen.record(identity(null, '5'));
  seen.record(identity('a', 'x'));
  expect(seen.isOld(identity(null, '5'))).toBe(false);
  expect(seen.isOld(identity('a', 'x'))).toBe(false);
  expect(seen.isNew(identity('a', 'x'))).toBe(false);
  expect(seen.isNew(identity('a', 'y'))).toBe(true);
});

test('forgets the uids that are not kept', () => {
  const seen = createSeenVersions();
  seen.record(identity('a', '5'));
  seen.record(identity('b', '5'));
  seen.keepOnly([identity('b', '9')]);
  expect(seen.isOld(identity('a', '5'))).toBe(false);
  expect(seen.isOld(identity('b', '5'))).toBe(true);
});
