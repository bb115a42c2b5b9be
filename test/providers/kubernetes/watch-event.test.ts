import { expect, test } from 'vitest';
import { readWatchEvent } from '../../../src/providers/kubernetes/watch-event.js';

const read = (event: unknown) => readWatchEvent(JSON.stringify(event));

test('ADDED and MODIFIED mean the same', () => {
  expect(read({ type: 'ADDED', object: { a: 1 } })).toEqual({ type: 'put', object: { a: 1 } });
  expect(read({ type: 'MODIFIED', object: { a: 1 } })).toEqual({ type: 'put', object: { a: 1 } });
});

test('DELETED is a delete', () => {
  expect(read({ type: 'DELETED', object: {} })).toEqual({ type: 'delete', object: {} });
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
    const event = readWatchEvent(line);
    expect(event).toMatchObject({ type: 'unreadable', error: expect.stringContaining(JSON.stringify(line)) });
  },
);
