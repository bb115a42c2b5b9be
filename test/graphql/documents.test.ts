import { describe, expect, it } from 'vitest';
import { readManifest } from '../../src/graphql/documents.js';

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
});
