import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../src/model/decode.js';
import { decodeSessions } from '../../src/providers/decode-sessions.js';
import { readHttpRecording } from '../support/recording.js';
import { brokenSessionJson, sessionJson } from '../support/session-json.js';

describe('decodeSessions', () => {
  it('decodes one Session', () => {
    expect(decodeSessions(sessionJson(), 'shop').map(({ id }) => id)).toEqual(['shop/Tiltfile']);
  });

  it('decodes the list that Tilt returns', () => {
    const list: unknown = JSON.parse(readHttpRecording('list-200').body);
    expect(decodeSessions(list, 'shop').map(({ id }) => id)).toEqual(['shop/Tiltfile']);
  });

  it('decodes the list that kubectl prints, of any length', () => {
    const items = [sessionJson({ name: 'a' }), sessionJson({ name: 'b' })];
    const list = { kind: 'List', apiVersion: 'v1', items };
    expect(decodeSessions(list, 'shop').map(({ id }) => id)).toEqual(['shop/a', 'shop/b']);
    expect(decodeSessions({ ...list, items: null }, 'shop')).toEqual([]);
  });

  it('takes the kind of the items from a list of one kind', () => {
    const { kind: _, apiVersion, ...item } = sessionJson();
    const list = { kind: 'SessionList', apiVersion, items: [item] };
    expect(decodeSessions(list, 'shop')).toMatchObject([{ kind: 'Session' }]);
  });

  it('names the invalid item and its field', () => {
    const items = [sessionJson(), brokenSessionJson()];
    expect(() => decodeSessions({ kind: 'List', items }, 'shop')).toThrow(
      /^items\[1\]\.status\.pid: expected a whole number/,
    );
  });

  it.each([
    ['a list', []],
    ['nothing', null],
    ['a text', 'Session'],
    ['another kind', { kind: 'PodList', items: [] }],
    ['items that are no list', { kind: 'List', items: {} }],
  ])('rejects %s', (_, value) => {
    expect(() => decodeSessions(value, 'shop')).toThrow(DecodeError);
  });
});
