import { describe, expect, test } from 'vitest';
import {
  createSeenVersions,
  identityOf,
  isLater,
} from '../../../src/providers/kubernetes/object-identity.js';

describe('identityOf and isLater', () => {
  test('reads the identity of an object whose other fields are invalid', () => {
    const object = {
      kind: 5,
      metadata: { name: 'Tiltfile', namespace: null, uid: 'a', resourceVersion: '7' },
      status: 'x',
    };
    expect(identityOf(object, 'tilt')).toEqual({
      instance: 'tilt',
      id: 'tilt/Tiltfile',
      uid: 'a',
      resourceVersion: '7',
    });
  });

  test.each([
    undefined,
    null,
    'x',
    [],
    {},
    { metadata: 'x' },
    { metadata: { name: '', uid: 5, resourceVersion: 7 } },
  ])('reads no identity from %j', (object) => {
    expect(identityOf(object, 'tilt')).toEqual({
      instance: 'tilt',
      id: null,
      uid: null,
      resourceVersion: null,
    });
  });

  test('makes the namespace a part of the id', () => {
    const object = { metadata: { name: 'Tiltfile', namespace: 'team-a' } };
    expect(identityOf(object, 'k8s')).toMatchObject({ instance: 'k8s/team-a', id: 'k8s/team-a/Tiltfile' });
  });

  test.each([
    ['10', '9', true],
    ['9', '10', false],
    ['9', '9', false],
    // These are equal as JavaScript numbers.
    ['9007199254740993', '9007199254740992', true],
    ['18446744073709551615', '18446744073709551614', true],
    ['abc', '9', true],
    ['9', 'abc', true],
    [null, '9', true],
    ['9', null, true],
  ])('compares: version %j is later than %j is %j', (version, than, expected) => {
    expect(isLater(version, than)).toBe(expected);
  });
});

describe('createSeenVersions', () => {
  const identity = (uid: string | null, resourceVersion: string | null) => ({
    instance: 'tilt',
    id: 'tilt/x',
    uid,
    resourceVersion,
  });

  test('a version is old after it or a later one was seen, in any order', () => {
    const seen = createSeenVersions();
    expect(seen.isOld(identity('a', '5'))).toBe(false);
    seen.record(identity('a', '5'));
    seen.record(identity('a', '3'));
    expect(seen.isOld(identity('a', '5'))).toBe(true);
    expect(seen.isOld(identity('a', '6'))).toBe(false);
    expect(seen.isOld(identity('b', '1'))).toBe(false);
  });

  test('an object without uid or with a version that is not a number is never old, and new unless it is the latest', () => {
    const seen = createSeenVersions();
    seen.record(identity(null, '5'));
    seen.record(identity('a', 'x'));
    expect(seen.isOld(identity(null, '5'))).toBe(false);
    expect(seen.isOld(identity('a', 'x'))).toBe(false);
    expect(seen.isNew(identity('a', 'x'))).toBe(false);
    expect(seen.isNew(identity('a', 'y'))).toBe(true);
  });

  test('keepOnly forgets all other uids', () => {
    const seen = createSeenVersions();
    seen.record(identity('a', '5'));
    seen.record(identity('b', '5'));
    seen.keepOnly([identity('b', '9')]);
    expect(seen.isOld(identity('a', '5'))).toBe(false);
    expect(seen.isOld(identity('b', '5'))).toBe(true);
  });
});
