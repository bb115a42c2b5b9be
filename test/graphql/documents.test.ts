import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { describeInvalidDocument, readManifest } from '../../src/graphql/documents.js';

describe('a manifest of persisted documents', () => {
  it('maps ids to texts', () => {
    const documents = readManifest('{"a": "{ x }", "b": "{ y }"}');
    expect([documents.find('a'), documents.find('c')]).toEqual(['{ x }', null]);
    expect([documents.has('{ y }'), documents.has('{ z }')]).toEqual([true, false]);
  });

  it.each([
    ['[', 'expected JSON, an object of documents by id'],
    ['[]', 'expected an object of documents by id, got a list'],
    ['null', 'expected an object of documents by id, got null'],
    ['{"a": 1}', 'document a: expected a text, got a number'],
  ])('is rejected if it is invalid: %s', (json, message) => {
    expect(() => readManifest(json)).toThrow(message);
  });

  it.each([
    ['{ x', 'document b: Syntax Error: Expected Name, found <EOF>.'],
    ['{ y }', 'document b: Cannot query field "y" on type "Query". Did you mean "x"?'],
    ['{ x }', null],
    ['{ x'.repeat(100_000), 'document b: Maximum call stack size exceeded'],
  ])('its first document that the schema rejects is described (%#)', (text, message) => {
    const schema = buildSchema('type Query { x: Int }');
    const documents = new Map([
      ['a', '{ x }'],
      ['b', text],
    ]);
    expect(describeInvalidDocument(documents, schema)).toBe(message);
  });
});
