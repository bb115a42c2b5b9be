import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCluster, decodeFacts, decodeResource, encodeFacts } from '../../src/model/decode-facts.js';
import { NO_FACTS, type SessionFacts } from '../../src/model/facts.js';
import { rawClusters, rawResources, sessionFacts } from '../support/fact-arbitraries.js';

function throughText(facts: SessionFacts): unknown {
  return JSON.parse(JSON.stringify(encodeFacts(facts)));
}

describe('encodeFacts', () => {
  it('decodes to the same facts without the address of Tilt, for any facts', () => {
    fc.assert(
      fc.property(sessionFacts(), (facts) => {
        expect(decodeFacts(throughText(facts))).toStrictEqual({ ...facts, webUrl: null });
      }),
      { numRuns: 300 },
    );
  });

  it('is stable: facts that were decoded are encoded to the same text', () => {
    fc.assert(
      fc.property(sessionFacts(), (facts) => {
        const encoded = throughText(facts);
        expect(throughText(decodeFacts(encoded) ?? NO_FACTS)).toStrictEqual(encoded);
      }),
    );
  });

  it('writes objects that are decoded like those of Tilt', () => {
    fc.assert(
      fc.property(rawResources(), rawClusters, (resource, cluster) => {
        const facts = {
          resources: [decodeResource(resource)],
          cluster: decodeCluster(cluster),
          webUrl: null,
        };
        expect(decodeFacts(throughText(facts))).toStrictEqual(facts);
      }),
    );
  });

  it('writes nothing for what is not known, which is not the same as an empty list', () => {
    expect(encodeFacts({ ...NO_FACTS, webUrl: 'http://localhost:10350' })).toEqual({});
    expect(encodeFacts({ ...NO_FACTS, resources: [] })).toEqual({ resources: [] });
    expect(decodeFacts({ resources: [] })).toEqual({ ...NO_FACTS, resources: [] });
    expect(decodeFacts({ cluster: { status: {} } })).toEqual({ ...NO_FACTS, cluster: { error: null } });
  });
});

describe('decodeFacts', () => {
  it.each([[undefined], [null]])('returns undefined for %j: nothing is known', (value) => {
    expect(decodeFacts(value)).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['another type', 'facts', 'expected an object'],
    ['a list that is an object', { resources: {} }, 'resources: expected a list'],
    ['a resource without a name', { resources: [{ metadata: {} }] }, 'resources[0].metadata.name'],
    [
      'an order of more than 32 bits',
      { resources: [{ metadata: { name: 'a' }, status: { order: 2 ** 31 } }] },
      'resources[0].status.order: expected a whole number within 2^31',
    ],
    ['a cluster of another type', { cluster: 7 }, 'cluster: expected an object'],
  ])('rejects %s with the path of the field', (_, value, message) => {
    expect(() => decodeFacts(value)).toThrow(message);
  });
});
