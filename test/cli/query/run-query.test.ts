import { describe, expect, it } from 'vitest';
import { selectOperation } from '../../../src/cli/query/run-query.js';

describe('operation that query selects', () => {
  it('a document with one operation is sent unchanged, as persisted documents require', () => {
    const text = '  query  Odd { session{id} } # comment';
    expect(selectOperation(text, { watch: false })).toEqual({ text, isSubscription: false });
  });

  it('a selected operation is sent with the fragments it needs and without the other operations', () => {
    const text =
      'query A { session { ...F } } subscription B { session { id } } fragment F on Session { id }';
    const { text: a, isSubscription } = selectOperation(text, { operation: 'A', watch: false });
    expect([a.replace(/\s+/g, ' '), isSubscription]).toEqual([
      'query A { session { ...F } } fragment F on Session { id }',
      false,
    ]);
    expect(selectOperation(text, { operation: 'B', watch: false }).isSubscription).toBe(true);
  });

  it('query --watch runs a query as a subscription', () => {
    const { text, isSubscription } = selectOperation('query ($id: ID) { session(id: $id) { id } }', {
      watch: true,
    });
    expect([text.replace(/\s+/g, ' '), isSubscription]).toEqual([
      'subscription ($id: ID) { session(id: $id) { id } }',
      true,
    ]);
    const own = 'subscription { session { id } }';
    expect(selectOperation(own, { watch: true })).toEqual({ text: own, isSubscription: true });
  });

  it.each<[string, { operation?: string; watch: boolean }, RegExp]>([
    ['', { watch: false }, /^the document, line 1, column 1: Syntax Error/],
    [
      'query A {a} query B {b}',
      { watch: false },
      /^--operation: expected one of A, B, because the document has several operations/,
    ],
    [
      '{ a }',
      { operation: 'A', watch: false },
      /^--operation: expected no name, because the operation has none, got A/,
    ],
    [
      'fragment F on A { a }',
      { watch: false },
      /^the document: expected a query or a subscription, got only fragments/,
    ],
    [
      'query A {a} query A {b}',
      { operation: 'A', watch: false },
      /^--operation: expected one of A, A, got A/,
    ],
    [
      '{ targets { name } }',
      { watch: true },
      /^--watch: expected a query with session as its only field, got targets; for targets write/,
    ],
    ['{ session { id } gateway { version } }', { watch: true }, /got session, gateway;/],
    ['{ ...A } fragment A on Query { session { id } }', { watch: true }, /got \.\.\.;/],
  ])('query rejects the document %j', (text, choice, expected) => {
    expect(() => selectOperation(text, choice)).toThrow(expected);
  });
});
