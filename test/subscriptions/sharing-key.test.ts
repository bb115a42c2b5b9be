import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';
import { sharingKey } from '../../src/subscriptions/sharing-key.js';
import { createSubscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';

const schema = createSchema(createSubscriptionResolvers());

function key(query: string, variableValues: Record<string, unknown> = {}, operationName?: string): string {
  return sharingKey({
    schema,
    document: parse(query),
    variableValues,
    ...(operationName && { operationName }),
  });
}

const CHANGES = 'subscription ($since: String) { targetChanges(since: $since) { cursor } }';

describe('readers share', () => {
  it('whatever the layout of their document', () => {
    expect(key('subscription{session{id}}')).toBe(
      key('subscription {\n  session { id } # of the only one\n}'),
    );
  });

  it('wherever they come back from, by a variable of any name or in the document', () => {
    expect(key(CHANGES, { since: 'e-1' })).toBe(key(CHANGES, { since: 'e-2' }));
    expect(key(CHANGES, { since: 'e-1' })).toBe(key(CHANGES));
    const literal = (since: string) => `subscription { targetChanges(since: "${since}") { cursor } }`;
    expect(key(literal('e-1'))).toBe(key(literal('e-2')));
    expect(key(literal('e-1'))).toBe(key('subscription { targetChanges { cursor } }'));
  });

  it('also where a fragment has the field', () => {
    const inFragment = (since: string) =>
      `subscription { ...F } fragment F on Subscription { ... { targetChanges(since: "${since}") { cursor } } }`;
    expect(key(inFragment('e-1'))).toBe(key(inFragment('e-2')));
  });

  it('by what their variables come to, defaults and order included', () => {
    const query = (by: string) =>
      `subscription (${by}) { targetChanges(session: $a, where: { name: $b }) { cursor } }`;
    const defaults = query('$a: ID = "x", $b: String');
    expect(key(defaults, { b: 'y' })).toBe(key(defaults, { b: 'y', a: 'x' }));
    expect(key(defaults, { b: 'y', unused: 1 })).toBe(key(defaults, { b: 'y' }));
  });
});

describe('readers do not share', () => {
  it('with other variables, another selection or another operation of the document', () => {
    const byId = 'subscription ($id: ID) { session(id: $id) { id } }';
    expect(key(byId, { id: 'a' })).not.toBe(key(byId, { id: 'b' }));
    expect(key('subscription { session { id } }')).not.toBe(key('subscription { session { kind } }'));
    const two = 'subscription A { session { id } } subscription B { session { id } }';
    expect(key(two, {}, 'A')).not.toBe(key(two, {}, 'B'));
  });

  it('with another since, where the document uses its variable for more', () => {
    const twice = 'subscription ($s: String) { targetChanges(since: $s, where: { name: $s }) { cursor } }';
    expect(key(twice, { s: 'x' })).not.toBe(key(twice, { s: 'y' }));
  });
});
