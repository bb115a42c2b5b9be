import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCluster, decodeFacts, decodeResource } from '../../src/model/decode-facts.js';
import { encodeFacts } from '../../src/model/encode-facts.js';
import { NO_FACTS, type SessionFacts } from '../../src/model/facts.js';
import { factsWithExcerpts, rawClusters, rawResources } from '../support/fact-arbitraries.js';

function throughText(facts: SessionFacts): unknown {
  return JSON.parse(JSON.stringify(encodeFacts(facts)));
}

describe('encodeFacts', () => {
  it('decodes to the same facts without the address of Tilt, for any facts', () => {
    fc.assert(
      fc.property(factsWithExcerpts(), (facts) => {
        expect(decodeFacts(throughText(facts))).toStrictEqual({ ...facts, webUrl: null });
      }),
      { numRuns: 300 },
    );
  });

  it('is stable: facts that were decoded are encoded to the same text', () => {
    fc.assert(
      fc.property(factsWithExcerpts(), (facts) => {
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
  const LINE = { time: '2026-11-26T01:40:49.526108Z', level: 'INFO', resource: 'unit', text: 'FAIL' };

  it('keeps other facts when excerpts of the log cannot be decoded', () => {
    const facts = { cluster: { status: {} }, excerpts: [{ target: 'unit:update', lines: [{ text: 7 }] }] };
    expect(decodeFacts(facts)).toEqual({ ...NO_FACTS, cluster: { error: null }, excerpts: [] });
  });

  it('rejects more resources, or more entries of a resource, than any Tilt writes', () => {
    const many = <T>(count: number, entry: T) => Array.from({ length: count }, () => entry);
    const resource = (status: object, labels = {}) => ({ metadata: { name: 'a', labels }, status });
    const labels = (count: number) => Object.fromEntries(many(count, '').map((_, at) => [`l${at}`, '']));
    const refusalOf = (...resources: readonly object[]) => {
      try {
        decodeFacts({ resources });
      } catch (error) {
        return error instanceof Error ? error.message : error;
      }
      return null;
    };
    const links = many(101, { url: '' });
    expect(refusalOf(resource({ endpointLinks: links.slice(1) }, labels(100)))).toBeNull();
    expect(refusalOf(resource({ conditions: many(8, {}) }))).toBeNull();
    expect(refusalOf(...many(20_000, resource({})))).toBeNull();
    expect(refusalOf(...many(20_001, resource({})))).toBe(
      'resources: expected at most 20000 entries, got 20001',
    );
    expect(refusalOf(resource({ endpointLinks: links }))).toBe(
      'resources[0].status.endpointLinks: expected at most 100 entries, got 101',
    );
    expect(refusalOf(resource({ conditions: many(9, {}) }))).toBe(
      'resources[0].status.conditions: expected at most 8 entries, got 9',
    );
    expect(refusalOf(resource({}, labels(101)))).toBe(
      'resources[0].metadata.labels: expected at most 100 entries, got 101',
    );
  });

  it('reads only the first 32 objects that a resource waits for, of any number', () => {
    const on = Array.from({ length: 20_000 }, (_, index) => ({ kind: 'UIResource', name: `r${index}` }));
    const { waitingOn } = decodeResource({ metadata: { name: 'a' }, status: { waiting: { on } } });
    expect(waitingOn).toEqual(on.slice(0, 32));
  });

  it('drops excerpts whose lines are longer than those of any publisher', () => {
    const excerptsOf = (text: string) =>
      decodeFacts({ excerpts: [{ target: 'a', lines: [{ resource: 'a', text }] }] })?.excerpts;
    expect(excerptsOf('x'.repeat(65_536))).toHaveLength(1);
    expect(excerptsOf('\u202e'.repeat(65_537))).toEqual([]);
  });

  it('bounds excerpts, and removes control sequences other than colours from their lines', () => {
    const text = '\u001b[31mFAIL\u001b[0m\u001b]0;title\u0007 \u001b[2Jadds\r\n\u202enumbers';
    const lines = Array.from({ length: 60 }, () => ({ ...LINE, text }));
    const omitted = Number.MAX_SAFE_INTEGER;
    const excerpts = Array.from({ length: 40 }, () => ({ target: 'unit:update', lines, omitted }));
    const read = decodeFacts({ excerpts })?.excerpts ?? [];
    expect(read).toHaveLength(32);
    expect(read[0]?.omitted).toBe(2 ** 31 - 1);
    expect(read[0]?.lines).toHaveLength(50);
    expect(read[0]?.lines[0]).toEqual({
      time: LINE.time,
      level: 'unknown',
      resource: 'unit',
      target: 'unit:update',
      styledText: '\u001b[31mFAIL\u001b[0m\ufffd]0;title\ufffd \ufffd[2Jadds\ufffd\ufffd\ufffdnumbers',
    });
  });

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
