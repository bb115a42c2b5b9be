import {
  executeSync,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isObjectType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { introspectionSizesOf } from '../../src/graphql/introspection-sizes.js';
import { DEFAULT_QUERY_LIMITS } from '../../src/graphql/limits.js';
import { createOperations } from '../../src/graphql/operation.js';
import { yieldOf } from '../../src/graphql/populations.js';
import { createSchema } from '../../src/graphql/schema.js';
import { NO_SIZES } from '../../src/graphql/sizes.js';
import { exampleTabs } from '../../src/server/graphiql.js';
import { createStore } from '../../src/store/store.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createManualClock } from '../support/manual-clock.js';
import { explained, resourceFacts, waitingOn } from '../support/resource-facts.js';
import { layeredSession, nestedBlockers } from '../support/resource-layers.js';
import { session } from '../support/sessions.js';

const schema = createSchema(subscriptionResolvers, { federation: true });
const store = createStore({ clock: createManualClock(), epoch: 'e' });
store.open('test');
const contextValue = { store, version: 'test', scope: '', lastEventId: null };

/** Puts Sessions of some targets each into the store, instead of those before. */
function put(sessions: number, targets: number): void {
  const states = Object.fromEntries(
    Array.from({ length: targets }, (_, index) => [`t${index}`, 'running' as const]),
  );
  store.apply('test', {
    type: 'snapshot',
    sessions: Array.from({ length: sessions }, (_, index) => session(`s${index}`, states)),
  });
}

/** Every field of the schema that gives a list of objects. */
function listsOf(schema: GraphQLSchema): [string, string][] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type))
    .flatMap((type) =>
      Object.values(type.getFields())
        .filter(
          (field) => isListType(getNullableType(field.type)) && isCompositeType(getNamedType(field.type)),
        )
        .map((field): [string, string] => [type.name, field.name]),
    );
}

/** The codes of what is wrong with a document. */
function codesOf(query: string, variables = {}, limits = {}) {
  const prepared = prepare(query, variables, limits);
  return 'document' in prepared ? [] : prepared.map(({ extensions }) => extensions.code);
}

function costOf(query: string): number {
  const prepared = prepare(query);
  return 'document' in prepared ? prepared.cost : 0;
}

function prepare(query: string, variables = {}, limits = {}) {
  const operations = createOperations({
    schema,
    limits: { ...DEFAULT_QUERY_LIMITS, ...limits },
    introspection: true,
    documents: null,
  });
  return operations.prepare({ query, variables }, contextValue);
}

const repeated = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

const WAITING_TARGETS =
  '{ session { resources { waitingOn { resource { waitingOn { resource { targets { name } } } } } } } }';

const ROOT_CAUSES = '{ targets { rootCause { history(last: 3) { time phase } } } }';

/** A document as deep as asked: a Session's target's change's … */
const nested = `{ sessions { nodes { resources { targets { history { state { ... on TargetStateActive { summary } } } } } } } }`;

describe('the limits of a document', () => {
  it('accept usual documents', () => {
    for (const { query } of exampleTabs) expect(codesOf(query)).toEqual([]);
    expect(codesOf(getIntrospectionQuery())).toEqual([]);
    expect(codesOf(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }))).toEqual([]);
  });

  it.each([
    ['tokens', `{ ${repeated(2_500, () => '__typename')} x }`.repeat(2), 'TOO_MANY_TOKENS'],
    ['aliases', `{ ${repeated(51, (index) => `a${index}: __typename`)} }`, 'TOO_MANY_ALIASES'],
    ['directives', `{ ${repeated(51, () => '__typename @include(if: true)')} }`, 'TOO_MANY_DIRECTIVES'],
  ])('reject too many %s', (_, query, code) => {
    expect(codesOf(query)).toContain(code);
  });

  it('reject documents that are too deep, also through fragments', () => {
    expect(codesOf(nested, {}, { depth: 7 })).toEqual([]);
    expect(codesOf(nested, {}, { depth: 6 })).toEqual(['QUERY_TOO_DEEP']);
    const spread = '{ sessions { ...a } } fragment a on SessionConnection { nodes { resources { name } } }';
    expect(codesOf(spread, {}, { depth: 4 })).toEqual([]);
    expect(codesOf(spread, {}, { depth: 3 })).toEqual(['QUERY_TOO_DEEP']);
  });

  it('count all directives, also on spreads of fragments', () => {
    const spreads = `{ session { ${repeated(51, () => '...f @include(if: true)')} } } fragment f on Session { id }`;
    expect(codesOf(spreads)).toEqual(['TOO_MANY_DIRECTIVES']);
    const inline = `{ session { ${repeated(51, () => '... @skip(if: false) { id }')} } }`;
    expect(codesOf(inline)).toEqual(['TOO_MANY_DIRECTIVES']);
  });

  it('ignore invalid variables, which the execution reports', () => {
    expect(codesOf('query ($n: Int) { sessions(first: $n) { totalCount } }', { n: 'many' })).toEqual([]);
  });
});

describe('the complexity of a document', () => {
  const one = { complexity: 10 };

  it('follows from the current lengths of lists and from the requested lengths, also in variables', () => {
    put(20, 10);
    const query =
      'query ($n: Int) { sessions(first: $n) { nodes { status { targets { history(last: 50) { time phase } } } } } }';
    expect(codesOf(query, { n: 20 }, { complexity: 800 })).toEqual([]);
    expect(codesOf(query, { n: 20 }, { complexity: 600 })).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(query, { n: 10 }, { complexity: 600 })).toEqual([]);
  });

  it('is the default page where `first` is null', () => {
    put(200, 1);
    const query = 'query ($n: Int) { sessions(first: $n) { nodes { id instance } } }';
    expect(codesOf(query, { n: null }, { complexity: 250 })).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf('{ sessions(first: null) { nodes { id instance } } }', {}, { complexity: 250 })).toEqual([
      'QUERY_TOO_COMPLEX',
    ]);
    expect(codesOf(query, { n: null }, { complexity: 500 })).toEqual([]);
  });

  it('exceeds the limit for nested fragments, and is computed in linear time', () => {
    put(1, 10);
    const powers = (depth: number) =>
      `{ targets { id name } session { ...f${depth} } } fragment f0 on Session { id } ${repeated(
        depth,
        (index) => `fragment f${index + 1} on Session { ${repeated(10, () => `...f${index}`)} }`,
      )}`;
    expect(codesOf(powers(4), {}, one)).toEqual(['QUERY_TOO_COMPLEX']);
    // 10^12 visits, if each spread was followed.
    expect(codesOf(powers(12))).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('exceeds the limit if too many fields of one name have to be compared', () => {
    put(1, 10);
    const prepared = prepare(`{ session { ${repeated(2_000, () => 'id')} } }`);
    expect(prepared).toEqual([
      expect.objectContaining({
        message:
          "The document's complexity: too many fields have the same name and must be compared with each other. Select each field once.",
        extensions: { code: 'QUERY_TOO_COMPLEX' },
      }),
    ]);
    expect(codesOf(`{ session { ${repeated(400, () => 'id')} } }`)).toEqual([]);
  });

  it('counts the other fields if the arguments of one are invalid', () => {
    put(1, 10);
    const query = 'query ($x: String = "a") { target(name: $x) { id } targets { id name } }';
    expect(codesOf(query, { x: null }, one)).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(query, { x: null })).toEqual([]);
  });

  it('does not count fields that a directive excludes', () => {
    put(1, 10);
    const query = 'query ($all: Boolean!) { targets @include(if: $all) { id name } session { id } }';
    expect(codesOf(query, { all: true }, one)).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(query, { all: false }, one)).toEqual([]);
  });

  it('counts the targets that a filter is compared with, also if none matches', () => {
    put(20, 100);
    const query = `{ ${repeated(50, (index) => `a${index}: sessions(first: 1, where: {target: {name: "*x"}}) { totalCount }`)} }`;
    expect(codesOf(query, {}, { complexity: 40_000 })).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it.each([
    ['a filter of targets', '{ targets(where: @) { id } }'],
    ['a filter of Sessions', '{ sessions(where: { target: @ }) { totalCount } }'],
    ['changes of targets', 'subscription { targetChanges(where: @) { cursor } }'],
    ['changes of Sessions', 'subscription { sessionChanges(where: { target: @ }) { cursor } }'],
  ])('counts the resources of targets and their labels that a filter reads: %s', (_, query) => {
    const names = Array.from({ length: 80 }, (_, index) => `r${index}`);
    const labels = Array.from({ length: 10 }, (_, index) => `l${index}`);
    const plain = session('a', { x: 'running', y: 'running', z: 'ready' });
    /** The cost of a filter in addition to that of a filter by name, if all targets have these resources. */
    const extraCost = (resources: readonly string[], where: string) => {
      const targets = plain.status.targets.map((target) => ({ ...target, resources }));
      const facts = resources.map((name) => resourceFacts(name, { labels }));
      const shared = { ...plain, status: { ...plain.status, targets } };
      store.apply('test', { type: 'snapshot', sessions: [explained(shared, facts)] });
      return costOf(query.replace('@', where)) - costOf(query.replace('@', '{ name: "nobody" }'));
    };
    // Sessions of other tests are still known, and GONE.
    const increase = (where: string) => extraCost(names, where) - extraCost([], where);
    const lookups = (plain.status.targets.length * names.length) / 8;
    expect(increase('{ resource: ["nobody"] }')).toBe(lookups);
    expect(increase('{ label: "zz*" }')).toBe(lookups + (names.length * labels.length) / 4);
  });

  it.each([
    ['session', 'id', '{ status { targets { id } } }'],
    ['target', 'name: "t0", session', '{ resources history(last: 10) { time } }'],
  ])('without an id is that of the only Session that is not GONE: %s', (field, id, selection) => {
    put(2, 100);
    put(1, 100);
    const withoutId = `{ ${field}(${id}: null) ${selection} }`;
    const withId = `{ ${field}(${id}: "s0/Tiltfile") ${selection} }`;
    expect(costOf(withoutId)).toBe(costOf(withId));
    expect(codesOf(withoutId, {}, { complexity: costOf(withId) - 1 })).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it.each([
    ['the blockers of a single target', nestedBlockers(5, 'target(name: "r0-0:update")')],
    ['the blockers of a node', nestedBlockers(5, 'node(id: "a/Tiltfile#r0-0:update") { ... on Target')],
    ['the blockers of all targets', nestedBlockers(5)],
    ['the targets of resources that wait for the same one', WAITING_TARGETS],
    ['the histories of targets that have the same cause', ROOT_CAUSES],
  ])('is at least the number of fields in the answer: %s', (_, query) => {
    store.apply('test', { type: 'snapshot', sessions: [layeredSession(5, 4)] });
    const prepared = prepare(query);
    if (!('document' in prepared)) throw new Error(prepared.map(String).join());
    const { data, errors } = executeSync(prepared);
    expect(errors).toBeUndefined();
    const fields = JSON.stringify(data).match(/":/g)?.length ?? 0;
    expect(fields).toBeGreaterThan(100);
    expect(prepared.cost).toBeGreaterThanOrEqual(fields);
    expect(prepared.cost).toBeLessThan(10 * fields);
  });

  it('is at least the number of fields in the answer: the histories of targets of several resources', () => {
    for (const state of ['waiting', 'running', 'ready'] as const) {
      const one = session('a', { x: state, y: state });
      const targets = one.status.targets.map((target) => ({ ...target, resources: ['a', 'b', 'c', 'd'] }));
      const many = { ...one, status: { ...one.status, targets } };
      if (state === 'waiting') store.apply('test', { type: 'snapshot', sessions: [many] });
      else store.apply('test', { type: 'upsert', session: many });
    }
    const prepared = prepare('{ session { resources { targets { history { time phase } } } } }');
    if (!('document' in prepared)) throw new Error(prepared.map(String).join());
    const { data } = executeSync(prepared);
    const fields = JSON.stringify(data).match(/":/g)?.length ?? 0;
    expect(fields).toBeGreaterThan(60);
    expect(prepared.cost).toBeGreaterThanOrEqual(fields);
  });

  it('is at least the number of fields in the answer: the blockers of a target that blocks all others', () => {
    const names = (letter: string) => Array.from({ length: 30 }, (_, n) => `${letter}${n}`);
    const [above, below] = [names('a'), names('z')];
    const facts = [
      ...above.map((name) => resourceFacts(name, { waitingOn: waitingOn('m') })),
      resourceFacts('m', { waitingOn: waitingOn(...below) }),
    ];
    const targets = Object.fromEntries([...above, 'm', ...below].map((name) => [name, 'waiting' as const]));
    store.apply('test', { type: 'snapshot', sessions: [explained(session('a', targets), facts)] });
    // Each of 30 targets lists the 30 blockers of one.
    expect(costOf('{ targets { blockedBy { blockedBy { name } } } }')).toBeGreaterThan(900);
  });

  it('is defined for every list of the schema', () => {
    put(3, 3);
    for (const [type, field] of listsOf(schema)) {
      const population = { count: 1, sizes: NO_SIZES };
      const introspection = introspectionSizesOf(schema);
      const found = yieldOf(`${type}.${field}`, true, { store, args: {}, parent: population, introspection });
      expect([`${type}.${field}`, found === null]).toEqual([`${type}.${field}`, false]);
    }
  });
});

describe('the limits of texts and lists', () => {
  it.each([
    [
      'a glob',
      'query ($w: TargetFilter) { targets(where: $w) { id } }',
      { w: { name: '*'.repeat(490_000) } },
      'STRING_TOO_LONG',
    ],
    ['an id', 'query ($id: ID!) { node(id: $id) { id } }', { id: '#'.repeat(490_000) }, 'STRING_TOO_LONG'],
    [
      'names of resources',
      'query ($w: TargetFilter) { targets(where: $w) { id } }',
      { w: { resource: Array.from({ length: 200_000 }, (_, index) => `r${index}`) } },
      'LIST_TOO_LONG',
    ],
    [
      'a subscription',
      'subscription ($w: SessionFilter) { sessionChanges(where: $w) { cursor } }',
      { w: { target: { name: '*'.repeat(5_000) } } },
      'STRING_TOO_LONG',
    ],
  ])('apply to %s', (_, query, variables, code) => {
    expect(codesOf(query, variables)).toEqual([code]);
  });

  it('apply to literals in the document', () => {
    expect(codesOf(`{ targets(where: {name: "${'*'.repeat(5_000)}"}) { id } }`)).toEqual(['STRING_TOO_LONG']);
    const phases = `{ targets(where: {phase: [${repeated(1_001, () => 'READY')}]}) { id } }`;
    expect(codesOf(phases)).toEqual(['LIST_TOO_LONG']);
  });

  it('are reported with the limit and the actual value', () => {
    const query = 'query ($names: [String!]) { targets(where: {resource: $names}) { id } }';
    const prepared = prepare(query, { names: ['a', 'b', 'c'] }, { listLength: 2 });
    expect(prepared).toMatchObject([
      { message: 'The variable $names: expected a list of at most 2 entries, got 3. Send several requests.' },
    ]);
  });

  it('apply to values that are nested deeper than the stack', () => {
    let deep: unknown = 'x';
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(codesOf('query ($w: TargetFilter) { targets(where: $w) { id } }', { w: deep })).toEqual([]);
  });
});
