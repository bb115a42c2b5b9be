import { describe, expect, it } from 'vitest';
import { operationIn } from '../../../src/cli/query/operation.js';

describe('the operation of a document', () => {
  it('is sent as it was written, where it is the only one: a gateway may know texts by heart', () => {
    const text = '  query  Odd { session{id} } # said';
    expect(operationIn(text, { watch: false })).toEqual({ text, isSubscription: false });
  });

  it('is cut out of several, with the fragments it needs', () => {
    const text =
      'query A { session { ...F } } subscription B { session { id } } fragment F on Session { id }';
    const { text: a, isSubscription } = operationIn(text, { operation: 'A', watch: false });
    expect([a.replace(/\s+/g, ' '), isSubscription]).toEqual([
      'query A { session { ...F } } fragment F on Session { id }',
      false,
    ]);
    expect(operationIn(text, { operation: 'B', watch: false }).isSubscription).toBe(true);
  });

  it('is asked as a subscription when it is to be watched', () => {
    const { text, isSubscription } = operationIn('query ($id: ID) { session(id: $id) { id } }', {
      watch: true,
    });
    expect([text.replace(/\s+/g, ' '), isSubscription]).toEqual([
      'subscription ($id: ID) { session(id: $id) { id } }',
      true,
    ]);
    const own = 'subscription { session { id } }';
    expect(operationIn(own, { watch: true })).toEqual({ text: own, isSubscription: true });
  });

  it.each<[string, { operation?: string; watch: boolean }, RegExp]>([
    ['', { watch: false }, /^the document, line 1, column 1: Syntax Error/],
    [
      'query A {a} query B {b}',
      { watch: false },
      /^--operation: expected one of A, B, as the document has several/,
    ],
    ['{ a }', { operation: 'A', watch: false }, /^--operation: expected none, as it has no name, got A/],
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
  ])('refuses %s', (text, choice, expected) => {
    expect(() => operationIn(text, choice)).toThrow(expected);
  });
});
