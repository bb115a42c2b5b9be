import { describe, expect, it } from 'vitest';
import { readManifest } from '../../src/graphql/documents.js';

describe('a manifest of documents', () => {
  it('finds texts by id', () => {
    const documents = readManifest('{"a": "{ x }", "b": "{ y }"}');
    expect([documents.find('a'), documents.find('c')]).toEqual(['{ x }', null]);
    expect([documents.has('{ y }'), documents.has('{ z }')]).toEqual([true, false]);
  });

  it.each([
    ['[', 'expected JSON, an object of documents by id'],
    ['[]', 'expected an object of documents by id, got a list'],
    ['null', 'expected an object of documents by id, got null'],
    ['{"a": 1}', 'document a: expected a text, got a number'],
  ])('is refused where it makes no sense: %s', (json, message) => {
    expect(() => readManifest(json)).toThrow(message);
  });
});
