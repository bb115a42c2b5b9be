import fc from 'fast-check';
import { buildSchema, type ExecutionArgs, type ExecutionResult, execute, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { compileOperation } from '../../src/graphql/compiled-operation.js';
import type { Context, SessionChange } from '../../src/graphql/context.js';
import { createSchema } from '../../src/graphql/schema.js';
import type { SessionRecord } from '../../src/store/record.js';
import { createStore } from '../../src/store/store.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { schemaDocuments } from '../fuzz/arbitraries/schema-documents.js';
import { explainedSession } from '../support/explained-session.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

const schema = createSchema(subscriptionResolvers);

/** Two states of a store, and the events of the update between them. */
function createStates() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  const context: Context = { store, version: 'test', scope: '', lastEventId: null };
  store.open('test');
  store.apply('test', {
    type: 'snapshot',
    sessions: [session('b', { 'api:serve': 'failed' }), explainedSession('a')],
  });
  const first = eventOf(null, store.get('a/Tiltfile'));
  store.apply('test', { type: 'upsert', session: explainedSession('a', { hasFailure: true }) });
  return { context, events: [first, eventOf(first.session, store.get('a/Tiltfile')), eventOf(null, null)] };
}

/** Root value of every subscription at once. */
function eventOf(previous: SessionRecord | null, record: SessionRecord | null) {
  const position = { cursor: 'e-1', reset: previous === null, conflated: 0 };
  const targets = record?.status.targets ?? [];
  const changes = targets.map((target, index) => ({
    type: index % 2 === 0 ? 'added' : 'modified',
    target,
    previous: previous?.status.targets[index] ?? null,
  }));
  const sessionChanges: SessionChange[] = record ? [{ type: 'modified', session: record, previous }] : [];
  return {
    session: record,
    targetChanges: { ...position, session: record, changes },
    sessionChanges: { ...position, changes: sessionChanges },
  };
}

function executeAtOnce(args: ExecutionArgs): ExecutionResult {
  const result = execute(args);
  if (result instanceof Promise) throw new Error('Expected a result.');
  return result;
}

function runBoth(query: string, variableValues: Record<string, unknown> = {}) {
  const { context, events } = createStates();
  const document = parse(query);
  const args = { schema, document, variableValues };
  const compiled = compileOperation(args);
  return events.map((rootValue) => ({
    expected: executeAtOnce({ ...args, rootValue, contextValue: context }),
    actual: compiled(rootValue, context, Number.POSITIVE_INFINITY),
  }));
}

describe('a compiled operation', () => {
  const known = {
    ids: ['a/Tiltfile', 'b/Tiltfile', 'a/Tiltfile#api:serve', 'c/Tiltfile'],
    names: ['api:serve', 'web:update', 'nothing'],
    stringLength: 100,
    listLength: 20,
  };

  it('returns the bytes of graphql-js for any document, or leaves it to graphql-js if there is an error', () => {
    const counts = { compiled: 0, withErrors: 0 };
    fc.assert(
      fc.property(schemaDocuments(schema, known), ({ query, requests }) => {
        if (validate(schema, parse(query)).length > 0) return;
        for (const { variables } of requests) {
          let hasFailed = false;
          for (const { expected, actual } of runBoth(query, { ...variables })) {
            hasFailed ||= expected.errors !== undefined;
            expect(actual).toBe(hasFailed ? null : JSON.stringify(expected));
            counts[hasFailed ? 'withErrors' : 'compiled'] += 1;
          }
        }
      }),
      { numRuns: 200 },
    );
    expect(Math.min(counts.compiled, counts.withErrors)).toBeGreaterThan(20);
  });

  it('merges fields, spreads a fragment once, and obeys directives', () => {
    const query = `
      query ($yes: Boolean!, $no: Boolean!) {
        session(id: "a/Tiltfile") { id ...On ...On id status { done } status { targets { __typename name } } }
        left: node(id: "b/Tiltfile") @skip(if: $yes) { id }
        node(id: "b/Tiltfile") @include(if: $yes) { id ... on Session { kind } ... on Target { name } }
        nothing: node(id: "c/Tiltfile") { ...On @include(if: $no) }
      }
      fragment On on Node { __typename id ... @skip(if: $no) { nodeId: id } }`;
    const [first] = runBoth(query, { yes: true, no: false });
    expect(first?.actual).toBe(JSON.stringify(first?.expected));
    expect(JSON.parse(first?.actual ?? '')).toMatchObject({
      data: { node: { id: 'b/Tiltfile', kind: 'Session' }, nothing: null },
    });
  });

  it('does not read the condition of a fragment that was spread before', () => {
    const query =
      'query ($null: Boolean = true) { ...On ...On @skip(if: $null) } fragment On on Query { __typename }';
    const [first] = runBoth(query, { null: null });
    expect(first).toEqual({
      expected: { data: { __typename: 'Query' } },
      actual: '{"data":{"__typename":"Query"}}',
    });
  });

  it('is not tried again after an error', () => {
    const query = 'subscription { session(id: "a") { status { targets { history(last: -1) { phase } } } } }';
    const results = runBoth(query);
    expect(results.map(({ actual }) => actual)).toEqual([null, null, null]);
    expect(results.at(0)?.expected.errors).toBeDefined();
    expect(results.at(-1)?.expected).toEqual({ data: { session: null } });
  });

  it('stops when its texts exceed the maximum length, and writes the next event that does not', () => {
    const document = parse('{ items { a: text b: text } }');
    const compiled = compileOperation({ schema: buildSchema(ITEMS), document });
    let reads = 0;
    const itemsOf = (count: number) => ({
      items: Array.from({ length: count }, () => ({
        get text() {
          reads += 1;
          return 'x'.repeat(1_000);
        },
      })),
    });
    const { context } = createStates();
    const [long, short] = [itemsOf(100), itemsOf(2)];
    expect(compiled(long, context, 10_000)).toBeNull();
    expect(reads).toBe(11);
    const json = JSON.stringify({ data: { items: short.items.map(({ text }) => ({ a: text, b: text })) } });
    expect(compiled(short, context, 10_000)).toBe(json);
    expect(compiled(short, context, json.length)).toBe(json);
    expect(compiled(short, context, json.length - 1)).toBeNull();
  });
});

const ITEMS = 'type Query { items: [Item!] } type Item { text: String }';
