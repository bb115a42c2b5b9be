import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';
import { groupKey } from '../../src/subscriptions/group-key.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';

const schema = createSchema(subscriptionResolvers);

function key(query: string, variableValues: Record<string, unknown> = {}, operationName?: string): string {
  return groupKey({
    schema,
    document: parse(query),
    variableValues,
    ...(operationName && { operationName }),
  });
}

const CHANGES = 'subscription ($since: String) { targetChanges(since: $since) { cursor } }';

describe('subscriptions with the same group key', () => {
  it('may differ in the layout of their documents', () => {
    expect(key('subscription{session{id}}')).toBe(
      key('subscription {\n  session { id } # of the only one\n}'),
    );
  });

  it('may differ in the cursor since, as a variable of any name or as a literal', () => {
    expect(key(CHANGES, { since: 'e-1' })).toBe(key(CHANGES, { since: 'e-2' }));
    expect(key(CHANGES, { since: 'e-1' })).toBe(key(CHANGES));
    const literal = (since: string) => `subscription { targetChanges(since: "${since}") { cursor } }`;
    expect(key(literal('e-1'))).toBe(key(literal('e-2')));
    expect(key(literal('e-1'))).toBe(key('subscription { targetChanges { cursor } }'));
  });

  it('may differ in a cursor within a fragment', () => {
    const inFragment = (since: string) =>
      `subscription { ...F } fragment F on Subscription { ... { targetChanges(since: "${since}") { cursor } } }`;
    expect(key(inFragment('e-1'))).toBe(key(inFragment('e-2')));
  });

  it('have equal variables once defaults are applied, in any order', () => {
    const query = (by: string) =>
      `subscription (${by}) { targetChanges(session: $a, where: { name: $b }) { cursor } }`;
    const defaults = query('$a: ID = "x", $b: String');
    expect(key(defaults, { b: 'y' })).toBe(key(defaults, { b: 'y', a: 'x' }));
    expect(key(defaults, { b: 'y', unused: 1 })).toBe(key(defaults, { b: 'y' }));
  });
});

describe('a group key', () => {
  const FILTERED = 'subscription ($r: [String!]) { targetChanges(where: { resource: $r }) { cursor } }';

  it('is short, however long the variables and the document are', () => {
    const names = Array.from({ length: 951 }, (_, n) => `${n}`.padStart(1_000, 'x'));
    const long = key(FILTERED, { r: names });
    expect(long.length).toBeLessThan(600);
    expect(key(FILTERED, { r: names })).toBe(long);
    expect(key(FILTERED, { r: [...names.slice(1), 'other'] })).not.toBe(long);
    const literal = (name: string) => FILTERED.replace('$r }', JSON.stringify([...names, name]).concat(' }'));
    expect(key(literal('a')).length).toBeLessThan(600);
    expect(key(literal('a'))).not.toBe(key(literal('b')));
  });

  it('contains short variables as they are', () => {
    expect(key(FILTERED, { r: ['web'] })).toContain('{"r":["web"]}');
  });
});

describe('subscriptions with different group keys', () => {
  it('differ in variables, selection or operation', () => {
    const byId = 'subscription ($id: ID) { session(id: $id) { id } }';
    expect(key(byId, { id: 'a' })).not.toBe(key(byId, { id: 'b' }));
    expect(key('subscription { session { id } }')).not.toBe(key('subscription { session { kind } }'));
    const two = 'subscription A { session { id } } subscription B { session { id } }';
    expect(key(two, {}, 'A')).not.toBe(key(two, {}, 'B'));
  });

  it('differ in a variable that is used for since and for something else', () => {
    const twice = 'subscription ($s: String) { targetChanges(since: $s, where: { name: $s }) { cursor } }';
    expect(key(twice, { s: 'x' })).not.toBe(key(twice, { s: 'y' }));
  });
});
