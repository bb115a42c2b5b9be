import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../src/graphql/documents.js';
import { DEFAULT_QUERY_LIMITS } from '../../src/graphql/limits.js';
import {
  createOperations,
  type OperationParams,
  type OperationsOptions,
} from '../../src/graphql/operation.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';

const store = createStore({ clock: createManualClock(), epoch: 'e' });
const context = { store, version: 'test', scope: '', lastEventId: null };
const schema = buildSchema('type Query { done: Int }');

function setUp(options: Partial<OperationsOptions> = {}) {
  const operations = createOperations({
    schema,
    limits: DEFAULT_QUERY_LIMITS,
    introspection: true,
    documents: null,
    ...options,
  });
  /** The document of a request, or the messages of what is wrong with it. */
  return (params: string | OperationParams) => {
    const prepared = operations.prepare(typeof params === 'string' ? { query: params } : params, context);
    return 'document' in prepared ? prepared.document : prepared.map(({ message }) => message);
  };
}

describe('preparing an operation', () => {
  it('parses and validates a text once', () => {
    const prepare = setUp();
    expect(prepare('{ done }')).toBe(prepare('{ done }'));
    expect(prepare('{ done }')).not.toBe(prepare('{done}'));
    expect(prepare('{ done }')).not.toBe(setUp()('{ done }'));
  });

  it('reports the errors of an invalid document every time', () => {
    const prepare = setUp();
    for (let again = 0; again < 2; again += 1) {
      expect(prepare('{')).toEqual(['Syntax Error: Expected Name, found <EOF>.']);
      expect(prepare('{ phase }')).toEqual(['Cannot query field "phase" on type "Query".']);
      expect(prepare({})).toEqual(['Expected a string as "query".']);
    }
  });

  it('keeps a bounded number of documents', () => {
    const prepare = setUp();
    const first = prepare('{ done }');
    for (let index = 0; index < 1_000; index += 1) prepare(`{ a${index}: done }`);
    expect(prepare('{ done }')).not.toBe(first);
  });

  it('rejects names above 256 characters, and accepts longer words elsewhere', () => {
    const prepare = setUp();
    const name = 'n'.repeat(256);
    expect(prepare(`{ ${name}: done }`)).toHaveProperty('kind', 'Document');
    for (const document of [`{ ${name}o: done }`, `# é${name}o\n{ done(${name}o: 1) }`])
      expect(prepare(document)).toEqual(['A name of the document: expected at most 256 characters.']);
    expect(prepare(`{ done } # ${name}o`)).toHaveProperty('kind', 'Document');
  });

  // A search from each character of a word takes minutes for this text: the test would time out.
  it('searches a text of words of the maximum length for names in linear time', () => {
    const words = `${'a'.repeat(256)} `.repeat(600_000);
    expect(setUp()(`{ done } # ${words}`)).toHaveProperty('kind', 'Document');
  });

  it('allows introspection only if it is enabled', () => {
    const query = '{ __schema { queryType { name } } }';
    expect(setUp()(query)).toHaveProperty('kind', 'Document');
    expect(setUp({ introspection: false })(query)).toContainEqual(
      expect.stringContaining('introspection has been disabled'),
    );
    expect(setUp({ introspection: false })('{ __typename }')).toHaveProperty('kind', 'Document');
  });
});

describe('with a manifest, preparing an operation', () => {
  const prepare = setUp({ documents: readManifest('{"one": "{ done }"}') });

  it.each<OperationParams>([
    { query: '{ done }' },
    { documentId: 'one' },
    { extensions: { persistedQuery: { version: 1, sha256Hash: 'one' } } },
    { query: '{ anything }', documentId: 'one' },
  ])('accepts a document of the manifest: %j', (params) => {
    expect(prepare(params)).toHaveProperty('kind', 'Document');
  });

  it.each<OperationParams>([
    { query: '{done}' },
    { query: '{ __schema { queryType { name } } }' },
    { documentId: 'two' },
    { documentId: '__proto__' },
  ])('rejects any other document: %j', (params) => {
    expect(prepare(params)).toEqual([expect.stringContaining('not in the manifest of this gateway')]);
  });

  it.each<OperationParams>([{ documentId: 1 }, { extensions: { persistedQuery: null } }, {}])(
    'rejects a request without a document: %j',
    (params) => {
      expect(prepare(params)).toEqual(['Expected a string as "documentId" or "query".']);
    },
  );
});

describe('without a manifest, preparing an operation', () => {
  const prepare = setUp();

  it('reports PersistedQueryNotSupported if a request has only the hash of a document', () => {
    const persistedQuery = { version: 1, sha256Hash: 'one' };
    expect(prepare({ extensions: { persistedQuery } })).toEqual(['PersistedQueryNotSupported']);
    expect(prepare({ query: '{ done }', extensions: { persistedQuery } })).toHaveProperty('kind', 'Document');
  });

  it('reports that there is no manifest if a request has only an id', () => {
    expect(prepare({ documentId: 'one' })).toEqual([
      expect.stringContaining('no manifest of documents (--documents)'),
    ]);
  });
});
