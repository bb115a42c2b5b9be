import { describe, expect, test } from 'vitest';
import { decodeSession } from '../../../src/model/decode.js';
import {
  decodeObject,
  readObjectList,
  readWatchEvent,
} from '../../../src/providers/kubernetes/list-watch.js';
import { readHttpRecording } from '../../support/recording.js';
import { brokenSessionJson, sessionJson } from '../../support/session-json.js';

describe('readObjectList', () => {
  const read = (body: unknown) =>
    readObjectList(
      typeof body === 'string' ? body : JSON.stringify(body),
      'https://h/sessions',
      'SessionList',
    );

  test('reads the list that Tilt returns', () => {
    const list = read(readHttpRecording('list-200').body);
    expect(list.resourceVersion).toBe('206');
    expect(list.items.map((item) => decodeSession(item, 'tilt-default').id)).toEqual([
      'tilt-default/Tiltfile',
    ]);
  });

  test('reads null items as an empty list, and a missing version as an empty string', () => {
    expect(read({ kind: 'SessionList', items: null })).toEqual({ resourceVersion: '', items: [] });
  });

  test('adds the kind and version of the list to items without them, as Kubernetes may send them', () => {
    const { kind: _kind, apiVersion: _apiVersion, ...item } = sessionJson();
    const list = read({ kind: 'SessionList', apiVersion: 'tilt.dev/v1alpha1', items: [item] });
    expect(decodeSession(list.items[0], 'x')).toMatchObject({
      kind: 'Session',
      apiVersion: 'tilt.dev/v1alpha1',
    });
  });

  test.each([
    ['<html>hello</html>', 'expected JSON, got "<html>hello</html>"'],
    ['', 'expected JSON, got ""'],
    [[], 'expected a JSON object, got []'],
    [{ kind: 'PodList', items: [] }, 'expected the kind "SessionList", got "PodList"'],
    [{}, 'expected the kind "SessionList", got nothing'],
    [{ kind: 'SessionList', items: {} }, 'expected a list in "items", got {}'],
  ])('rejects %j as unreadable', (body, message) => {
    expect(() => read(body)).toThrow(
      expect.objectContaining({ code: 'unreadable', message: `https://h/sessions: ${message}` }),
    );
  });
});

describe('readWatchEvent', () => {
  const read = (event: unknown) => readWatchEvent(JSON.stringify(event), 'tilt');

  test('reads ADDED and MODIFIED as equal events', () => {
    const object = sessionJson();
    const put = { type: 'put', object: decodeObject(object, 'tilt') };
    expect(put.object.session).toHaveProperty('id', 'tilt/Tiltfile');
    expect(read({ type: 'ADDED', object })).toEqual(put);
    expect(read({ type: 'MODIFIED', object })).toEqual(put);
  });

  test('has the decoding error in place of the Session of an invalid object', () => {
    const object = brokenSessionJson();
    expect(read({ type: 'ADDED', object })).toMatchObject({
      type: 'put',
      object: {
        identity: { id: 'tilt/Tiltfile' },
        session: expect.stringContaining('status.pid: expected a whole number'),
      },
    });
  });

  test('reads DELETED as a delete', () => {
    const object = sessionJson();
    expect(read({ type: 'DELETED', object })).toMatchObject({
      type: 'delete',
      identity: { id: 'tilt/Tiltfile' },
    });
  });

  test('reads only the version of a bookmark', () => {
    const object = { kind: 'Session', metadata: { resourceVersion: '12', creationTimestamp: null } };
    expect(read({ type: 'BOOKMARK', object })).toEqual({ type: 'bookmark', resourceVersion: '12' });
  });

  test('reads an error with code 410 as expired', () => {
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
      expect(event).toMatchObject({
        type: 'unreadable',
        error: expect.stringContaining(JSON.stringify(line)),
      });
    },
  );
});
