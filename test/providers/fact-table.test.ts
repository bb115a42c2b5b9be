import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCluster, decodeResource } from '../../src/model/decode-facts.js';
import { encodeFacts } from '../../src/model/encode-facts.js';
import { oneLine, plainText } from '../../src/model/plain-text.js';
import { toFactObject } from '../../src/providers/fact-objects.js';
import { createFactTable, diffUnavailable, type FactTable } from '../../src/providers/fact-table.js';
import { rawClusters, rawResources, sessionFacts } from '../support/fact-arbitraries.js';
import { brokenResourceJson, clusterJson, inNamespace, resourceJson } from '../support/fact-json.js';
import type { Json } from '../support/raw-session.js';
import { measureRetainedMemory } from '../support/retained-memory.js';

describe('the table of facts', () => {
  it('knows nothing at first', () => {
    const table = createFactTable('test');
    expect([table.factsOf('test'), table.unavailable.size]).toEqual([undefined, 0]);
  });

  it('has resources without a cluster, or a cluster without resources, as the other one is not known', () => {
    expect(tableOf(resourceJson('api')).factsOf('test')).toMatchObject({
      resources: [{ name: 'api' }],
      cluster: null,
    });
    expect(tableOf(clusterJson('')).factsOf('test')).toEqual({
      resources: null,
      cluster: { error: null },
      webUrl: null,
    });
  });

  it('sorts the resources by name and keeps the newest object of each name', () => {
    const table = tableOf(resourceJson('web'), resourceJson('api'), resourceJson('web', { labels: ['ui'] }));
    expect(table.factsOf('test')?.resources).toEqual([
      decodeResource(resourceJson('api')),
      decodeResource(resourceJson('web', { labels: ['ui'] })),
    ]);
  });

  it('reads only the cluster named default', () => {
    const table = tableOf(clusterJson('refused', 'docker'), { ...clusterJson('', 'other'), status: 7 });
    expect([table.factsOf('test'), table.unavailable.size]).toEqual([undefined, 0]);
    putAll(table, clusterJson('no route'));
    expect(table.factsOf('test')?.cluster).toEqual({ error: 'no route' });
    table.remove(asObject(clusterJson('', 'docker')));
    expect(table.factsOf('test')?.cluster).toEqual({ error: 'no route' });
    table.remove(asObject(clusterJson('')));
    expect(table.factsOf('test')).toBeUndefined();
  });

  it('has an empty list once all resources are deleted, which is known', () => {
    const table = tableOf(resourceJson('api'));
    table.remove(asObject(resourceJson('api')));
    expect(table.factsOf('test')?.resources).toEqual([]);
  });

  it('keeps nothing of namespaces whose objects are deleted, in any order with their Sessions', () => {
    const table = createFactTable('test');
    const before = measureRetainedMemory();
    for (let number = 0; number < 400; number += 1) {
      const namespace = `pull-request-${number}`;
      const resources = Array.from({ length: 20 }, (_, index) =>
        asObject(inNamespace(namespace, resourceJson(`r${index}`, { labels: [`${number} `.repeat(1_000)] }))),
      );
      for (const resource of resources) table.put(resource);
      expect(table.factsOf(`test/${namespace}`)?.resources).toHaveLength(20);
      for (const resource of resources) table.remove(resource);
      if (number % 2 === 0) expect(table.factsOf(`test/${namespace}`)?.resources).toEqual([]);
    }
    expect(measureRetainedMemory() - before).toBeLessThan(8 * 2 ** 20);
  });

  it('keeps the facts of an object that cannot be read, and reports it until it can', () => {
    const table = tableOf(resourceJson('api', { on: ['db'] }), resourceJson('web'));
    const before = table.factsOf('test');
    putAll(table, brokenResourceJson('api'));
    expect(table.factsOf('test')).toBe(before);
    expect(table.unavailable).toEqual(
      new Map([
        ['uiresources', 'uiresources: api cannot be read: status.queued: expected true or false, got "soon"'],
      ]),
    );
    putAll(table, brokenResourceJson('web'), resourceJson('db'));
    expect(table.unavailable.get('uiresources')).toMatch(
      /^uiresources: api cannot be read: .* \(and 1 more\)$/,
    );
    expect(table.factsOf('test')?.resources?.map(({ name }) => name)).toEqual(['api', 'db', 'web']);
    putAll(table, resourceJson('api'));
    table.remove(asObject(resourceJson('web')));
    expect(table.unavailable).toEqual(new Map());
  });

  it('omits an object that could never be read, among those that could', () => {
    const table = tableOf(brokenResourceJson('api'));
    expect(table.factsOf('test')).toBeUndefined();
    putAll(table, resourceJson('web'));
    expect(table.factsOf('test')?.resources?.map(({ name }) => name)).toEqual(['web']);
  });

  it.each<[string, Json, string]>([
    [
      'a name',
      { ...resourceJson('api'), metadata: {} },
      'uiresources: an object cannot be read: metadata.name',
    ],
    [
      'metadata',
      { ...resourceJson('api'), metadata: null },
      'an object cannot be read: metadata: expected an object',
    ],
    [
      'a version of Tilt',
      { ...resourceJson('api'), apiVersion: 'cluster.x-k8s.io/v1' },
      'apiVersion: expected "tilt.dev',
    ],
  ])('reports an object without %s until another object of its kind is read', (_, object, message) => {
    const table = tableOf(object);
    expect(table.unavailable.get('uiresources')).toContain(message);
    putAll(table, resourceJson('web'), resourceJson('api'));
    expect(table.unavailable).toEqual(new Map());
  });

  it('reports a hostile name on one short line', () => {
    const table = tableOf(brokenResourceJson(`a\u001b[31m\nb${'x'.repeat(1_000)}`));
    const [line = ''] = table.unavailable.values();
    expect(line).toMatch(/^uiresources: a b?x*/);
    expect(line).toBe(oneLine(plainText(line)));
    expect(line.length).toBeLessThan(200);
  });

  it('drops a version that arrives late, and the deletion of an object that another one has replaced', () => {
    const version = (resourceVersion: string, uid = 'u1') =>
      resourceJson('api', { uid, resourceVersion, labels: [`v${resourceVersion}`] });
    const labels = (table: FactTable) => table.factsOf('test')?.resources?.map((one) => one.labels.join());
    const table = tableOf(version('5'), version('7'), version('6'));
    expect(labels(table)).toEqual(['v7']);
    putAll(table, version('1', 'u2'));
    table.remove(asObject(version('8')));
    expect(labels(table)).toEqual(['v1']);
    table.remove(asObject(version('2', 'u2')));
    expect(labels(table)).toEqual([]);
    putAll(table, version('1', 'u2'));
    expect(labels(table)).toEqual([]);
  });

  it('takes a list as all objects of its kind, and keeps the facts of one that cannot be read', () => {
    const table = tableOf(resourceJson('api'), resourceJson('db'), resourceJson('web'), clusterJson(''));
    table.replaceAll('UIResource', [resourceJson('web', { on: ['api'] }), brokenResourceJson('api'), 7]);
    expect(table.factsOf('test')).toEqual({
      resources: [decodeResource(resourceJson('api')), decodeResource(resourceJson('web', { on: ['api'] }))],
      cluster: { error: null },
      webUrl: null,
    });
    expect(table.unavailable.get('uiresources')).toContain('(and 1 more)');
    table.replaceAll('UIResource', []);
    expect(table.factsOf('test')?.resources).toEqual([]);
    expect(table.unavailable).toEqual(new Map());
  });

  it('keeps facts of an earlier table for objects that cannot be read, and for no others', () => {
    const facts = tableOf(
      resourceJson('api', { on: ['db'] }),
      resourceJson('db'),
      clusterJson('refused'),
    ).factsOf('test');
    const table = createFactTable('test', new Map(facts && [['test', facts]]));
    expect(table.factsOf('test')).toBeUndefined();
    putAll(table, brokenResourceJson('api'), { ...clusterJson(''), status: 7 });
    expect(table.factsOf('test')).toEqual({
      resources: [decodeResource(resourceJson('api', { on: ['db'] }))],
      cluster: { error: 'refused' },
      webUrl: null,
    });
    expect([...table.unavailable.keys()]).toEqual(['uiresources', 'clusters']);
  });

  it('returns the same facts while nothing that they contain has changed', () => {
    const table = tableOf(resourceJson('api'), clusterJson(''));
    const facts = table.factsOf('test');
    putAll(
      table,
      resourceJson('api', { status: { buildHistory: [{ finishTime: 'now' }] } }),
      clusterJson(''),
    );
    table.replaceAll('UIResource', [resourceJson('api')]);
    expect(table.factsOf('test')).toBe(facts);
  });

  it('keeps the objects of each namespace apart, also when one cannot be read or is deleted', () => {
    const [a, b] = [resourceJson('lint', { labels: ['a'] }), resourceJson('lint', { labels: ['b'] })];
    const table = tableOf(
      inNamespace('team-a', a),
      inNamespace('team-b', b),
      inNamespace('team-b', clusterJson('refused')),
    );
    const shown = () =>
      ['test', 'test/team-a', 'test/team-b'].map((instance) => {
        const facts = table.factsOf(instance);
        return [facts?.resources?.map(({ labels }) => labels.join()), facts?.cluster?.error ?? null];
      });
    expect(shown()).toEqual([
      [[], null],
      [['a'], null],
      [['b'], 'refused'],
    ]);
    const others = table.factsOf('test/team-b');
    putAll(table, inNamespace('team-a', brokenResourceJson('lint')), resourceJson('test'));
    table.remove(asObject(inNamespace('team-c', b)));
    table.remove(asObject(resourceJson('lint')));
    expect(shown().slice(1)).toEqual([
      [['a'], null],
      [['b'], 'refused'],
    ]);
    table.remove(asObject(inNamespace('team-a', a)));
    expect(shown()[1]).toEqual([[], null]);
    expect(table.unavailable).toEqual(new Map());
    expect(table.factsOf('test/team-b')).toBe(others);
    table.replaceAll('UIResource', [inNamespace('team-b', brokenResourceJson('lint'))]);
    expect(shown()[2]).toEqual([['b'], 'refused']);
  });

  it('collects the same facts in any order of the objects', () => {
    const objects = fc
      .tuple(fc.uniqueArray(rawResources(), { selector: nameOf }), rawClusters)
      .chain(([resources, cluster]) => {
        const all = [...resources, cluster];
        return fc.shuffledSubarray(all, { minLength: all.length }).map((shuffled) => ({ all, shuffled }));
      });
    fc.assert(
      fc.property(objects, ({ all, shuffled }) => {
        const table = tableOf(...shuffled);
        const facts = table.factsOf('test');
        expect(facts).toStrictEqual(tableOf(...all).factsOf('test'));
        expect(facts?.cluster).toEqual(decodeCluster(all.at(-1)));
        expect(table.unavailable).toEqual(new Map());
      }),
    );
  });

  it('reads objects that encoded facts consist of', () => {
    fc.assert(
      fc.property(sessionFacts(), (facts) => {
        const encoded: { resources?: Json[]; cluster?: Json } = encodeFacts(facts);
        const apiVersion = 'tilt.dev/v1alpha1';
        const table = createFactTable('test');
        if (encoded.resources) {
          table.replaceAll(
            'UIResource',
            encoded.resources.map((one) => ({ kind: 'UIResource', apiVersion, ...one })),
          );
        }
        if (encoded.cluster) {
          putAll(table, { kind: 'Cluster', apiVersion, metadata: { name: 'default' }, ...encoded.cluster });
        }
        const isUnknown = facts.resources === null && facts.cluster === null;
        expect(table.factsOf('test')).toStrictEqual(isUnknown ? undefined : { ...facts, webUrl: null });
      }),
    );
  });
});

describe('diffUnavailable', () => {
  it('returns the errors that are solved, new or different', () => {
    const before = new Map([
      ['uiresources', 'broken'],
      ['clusters', 'broken'],
    ]);
    const after = new Map([['uiresources', 'torn']]);
    expect(diffUnavailable(before, after)).toEqual([
      { type: 'availability', kind: 'clusters', error: null },
      { type: 'availability', kind: 'uiresources', error: 'torn' },
    ]);
    expect(diffUnavailable(before, new Map(before))).toEqual([]);
  });
});

function tableOf(...objects: readonly Json[]): FactTable {
  const table = createFactTable('test');
  putAll(table, ...objects);
  return table;
}

function putAll(table: FactTable, ...objects: readonly Json[]): void {
  for (const object of objects) table.put(asObject(object));
}

function asObject(json: Json) {
  const object = toFactObject(json);
  if (object === null) throw new Error('not an object with facts');
  return object;
}

function nameOf({ metadata }: Json): unknown {
  return Object(metadata).name;
}
