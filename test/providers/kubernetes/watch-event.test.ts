import { expect, test } from 'vitest';
import { decodeObject, readWatchEvent } from '../../../src/providers/kubernetes/watch-event.js';
import { brokenSessionJson, sessionJson } from '../../support/session-json.js';

const read = (event: unknown) => readWatchEvent(JSON.stringify(event), 'tilt');

test('ADDED and MODIFIED mean the same', () => {
  const object = sessionJson();
  const put = { type: 'put', object: decodeObject(object, 'tilt') };
  expect(put.object.session).toHaveProperty('id', 'tilt/Tiltfile');
  expect(read({ type: 'ADDED', object })).toEqual(put);
  expect(read({ type: 'MODIFIED', object })).toEqual(put);
});

test('an object that cannot be decoded has the reason in place of its Session', () => {
  const object = brokenSessionJson();
  expect(read({ type: 'ADDED', object })).toMatchObject({
    type: 'put',
    object: {
      identity: { id: 'tilt/Tiltfile' },
      session: expect.stringContaining('status.pid: expected a whole number'),
    },
  });
});

test('DELETED is a delete', () => {
  const object = sessionJson();
  expect(read({ type: 'DELETED', object })).toMatchObject({
    type: 'delete',
    identity: { id: 'tilt/Tiltfile' },
  });
});

test('a bookmark tells only its version', () => {
  const object = { kind: 'Session', metadata: { resourceVersion: '12', creationTimestamp: null } };
  expect(read({ type: 'BOOKMARK', object })).toEqual({ type: 'bookmark', resourceVersion: '12' });
});

test('an error is expired when its code is 410', () => {
  const gone = { kind: 'Status', code: 410, message: 'too old resource version' };
  expect(read({ type: 'ERROR', object: gone })).toEqual({
    type: 'error',
    expired: true,
    message: 'too old resource version',
  });
  expect(read({ type: 'ERROR', object: { code: 500, reason: 'InternalError' } })).toEqual({
    type: 'error',
    expired: false,
    message: 'InternalError',
  });
  expect(read({ type: 'ERROR', object: null })).toMatchObject({ message: 'no reason given' });
});

test.each(['', 'nonsense', '{"type":"ADDED"', '[]', '5', 'null', '{}', '{"type":"PURGED","object":{}}'])(
  '%j is unreadable, with the line in the reason',
  (line) => {
    const event = readWatchEvent(line, 'tilt');
    expect(event).toMatchObject({ type: 'unreadable', error: expect.stringContaining(JSON.stringify(line)) });
  },
);
