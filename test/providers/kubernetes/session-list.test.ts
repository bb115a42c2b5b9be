import { expect, test } from 'vitest';
import { decodeSession } from '../../../src/model/decode.js';
import { readSessionList } from '../../../src/providers/kubernetes/session-list.js';
import { readHttpRecording } from '../../support/recording.js';
import { sessionJson } from '../../support/session-json.js';

const read = (body: unknown) =>
  readSessionList(typeof body === 'string' ? body : JSON.stringify(body), 'https://h/sessions');

test('reads the list that Tilt sends', () => {
  const list = read(readHttpRecording('list-200').body);
  expect(list.resourceVersion).toBe('206');
  expect(list.items.map((item) => decodeSession(item, 'tilt-default').id)).toEqual(['tilt-default/Tiltfile']);
});

test('null items are none, and a missing version is empty', () => {
  expect(read({ kind: 'SessionList', items: null })).toEqual({ resourceVersion: '', items: [] });
});

test('items without kind and version, as Kubernetes may send them, get those of the list', () => {
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
])('%j is unreadable', (body, message) => {
  expect(() => read(body)).toThrow(
    expect.objectContaining({ code: 'unreadable', message: `https://h/sessions: ${message}` }),
  );
});
