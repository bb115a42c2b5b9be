import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { DEFAULT_QUERY_LIMITS } from '../../src/graphql/limits.js';
import { createOperations } from '../../src/graphql/operation.js';
import { createSchema } from '../../src/graphql/schema.js';
import { createSubscriptionResolvers } from '../../src/live/subscription-resolvers.js';
import { createStore } from '../../src/store/store.js';
import { exampleTabs } from '../../src/transport/graphiql-tabs.js';
import { createManualClock } from '../support/manual-clock.js';

const schema = createSchema(createSubscriptionResolvers());
const store = createStore({ clock: createManualClock(), epoch: 'e' });
const contextValue = { store, version: 'test', scope: '', lastEventId: null };

/** The codes of what is wrong with a document. */
function codesOf(query: string, variables = {}, limits = {}) {
  const operations = createOperations({
    schema,
    limits: { ...DEFAULT_QUERY_LIMITS, ...limits },
    introspection: true,
    documents: null,
  });
  const prepared = operations.prepare({ query, variables }, contextValue);
  return 'document' in prepared ? [] : prepared.map(({ extensions }) => extensions.code);
}

const repeated = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

/** A document as deep as asked: a Session's target's change's … */
const nested = `{ sessions { nodes { resources { targets { history { state { ... on TargetStateActive { summary } } } } } } } }`;

describe('the limits of a document', () => {
  it('let through what people ask', () => {
    for (const { query } of exampleTabs) expect(codesOf(query)).toEqual([]);
    expect(codesOf(getIntrospectionQuery())).toEqual([]);
    expect(codesOf(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }))).toEqual([]);
  });

  it.each([
    ['tokens', `{ ${repeated(2_500, () => '__typename')} x }`.repeat(2), 'TOO_MANY_TOKENS'],
    ['aliases', `{ ${repeated(51, (index) => `a${index}: __typename`)} }`, 'TOO_MANY_ALIASES'],
    ['directives', `{ ${repeated(51, () => '__typename @include(if: true)')} }`, 'TOO_MANY_DIRECTIVES'],
  ])('refuse too many %s', (_, query, code) => {
    expect(codesOf(query)).toContain(code);
  });

  it('refuse what is too deep, spread over fragments too', () => {
    expect(codesOf(nested, {}, { depth: 7 })).toEqual([]);
    expect(codesOf(nested, {}, { depth: 6 })).toEqual(['QUERY_TOO_DEEP']);
    const spread = '{ sessions { ...a } } fragment a on SessionConnection { nodes { resources { name } } }';
    expect(codesOf(spread, {}, { depth: 4 })).toEqual([]);
    expect(codesOf(spread, {}, { depth: 3 })).toEqual(['QUERY_TOO_DEEP']);
  });

  it('refuse what would come to too many fields: by the lengths that are asked for, in variables too', () => {
    const query =
      'query ($n: Int) { sessions(first: $n) { nodes { status { targets { history(last: 50) { time } } } } } }';
    expect(codesOf(query, { n: 100 })).toEqual([]);
    expect(codesOf(query, { n: 1_000 }, { complexity: 500_000 })).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(query, { n: 100 }, { complexity: 500_000 })).toEqual([]);
  });

  it('leave variables that do not fit to whoever executes', () => {
    expect(codesOf('query ($n: Int) { sessions(first: $n) { totalCount } }', { n: 'many' })).toEqual([]);
  });
});
