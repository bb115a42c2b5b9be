import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../src/model/decode.js';
import { decodeSessions } from '../../src/providers/decode-sessions.js';
import { clusterJson, resourceJson } from '../support/fact-json.js';
import { readHttpRecording } from '../support/recording.js';
import { brokenSessionJson, sessionJson } from '../support/session-json.js';

describe('decodeSessions', () => {
  it('decodes one Session', () => {
    expect(idsIn(sessionJson())).toEqual(['shop/Tiltfile']);
  });

  it('decodes the list that Tilt returns', () => {
    const list: unknown = JSON.parse(readHttpRecording('list-200').body);
    expect(idsIn(list)).toEqual(['shop/Tiltfile']);
  });

  it('decodes the list that kubectl prints, of any length', () => {
    const items = [sessionJson({ name: 'a' }), sessionJson({ name: 'b' })];
    const list = { kind: 'List', apiVersion: 'v1', items };
    expect(idsIn(list)).toEqual(['shop/a', 'shop/b']);
    expect(idsIn({ ...list, items: null })).toEqual([]);
  });

  it('gives Sessions of the same name in two namespaces ids of their own', () => {
    const items = ['team-a', 'team-b'].map((namespace) => inNamespace(namespace));
    expect(idsIn({ kind: 'List', items })).toEqual(['shop/team-a/Tiltfile', 'shop/team-b/Tiltfile']);
    expect(idsIn(inNamespace('team-a'))).toEqual(['shop/team-a/Tiltfile']);
  });

  it('takes the kind of the items from a list of one kind', () => {
    const { kind: _, apiVersion, ...item } = sessionJson();
    const list = { kind: 'SessionList', apiVersion, items: [item] };
    expect(decodeSessions(list, 'shop').sessions).toMatchObject([{ kind: 'Session' }]);
  });

  it('separates the objects of other kinds, in any order', () => {
    const [resource, cluster] = [resourceJson('api'), clusterJson('refused')];
    const items = [resource, sessionJson(), cluster];
    const { sessions, factObjects } = decodeSessions({ kind: 'List', items }, 'shop');
    expect(sessions.map(({ id }) => id)).toEqual(['shop/Tiltfile']);
    expect(factObjects).toEqual([
      { kind: 'UIResource', value: resource },
      { kind: 'Cluster', value: cluster },
    ]);
    expect(decodeSessions(resource, 'shop')).toEqual({
      sessions: [],
      factObjects: [{ kind: 'UIResource', value: resource }],
    });
  });

  it.each([
    ['UIResourceList', resourceJson('api')],
    ['ClusterList', clusterJson('')],
  ])('takes the kind of the items from a %s', (kind, object) => {
    const { kind: itemKind, apiVersion, ...item } = object;
    expect(decodeSessions({ kind, apiVersion, items: [item] }, 'shop')).toEqual({
      sessions: [],
      factObjects: [{ kind: itemKind, value: object }],
    });
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

function inNamespace(namespace: string): object {
  const session = sessionJson();
  return { ...session, metadata: { ...session.metadata, namespace } };
}

function idsIn(value: unknown): string[] {
  return decodeSessions(value, 'shop').sessions.map(({ id }) => id);
}
