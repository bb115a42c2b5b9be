import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { prepareOperation } from '../../src/graphql/operation.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';

const store = createStore({ clock: createManualClock(), epoch: 'e' });
const context = { store, version: 'test', lastEventId: null };

/** The document of a text, or the messages of what is wrong with it. */
function prepare(query: string, schema: ReturnType<typeof buildSchema>) {
  const prepared = prepareOperation(schema, { query }, context);
  return 'document' in prepared ? prepared.document : prepared.map(({ message }) => message);
}

describe('preparing an operation', () => {
  const schema = buildSchema('type Query { done: Int }');

  it('parses and validates a text once for each schema', () => {
    const other = buildSchema('type Query { done: Int, phase: Int }');
    expect(prepare('{ done }', schema)).toBe(prepare('{ done }', schema));
    expect(prepare('{ done }', schema)).not.toBe(prepare('{done}', schema));
    expect(prepare('{ done }', schema)).not.toBe(prepare('{ done }', other));
    expect(prepare('{ phase }', other)).toHaveProperty('kind', 'Document');
    expect(prepare('{ phase }', schema)).toEqual(['Cannot query field "phase" on type "Query".']);
  });

  it('says what is wrong every time', () => {
    for (let again = 0; again < 2; again += 1) {
      expect(prepare('{', schema)).toEqual(['Syntax Error: Expected Name, found <EOF>.']);
      expect(prepare('{ phase }', schema)).toEqual(['Cannot query field "phase" on type "Query".']);
    }
  });

  it('keeps a bounded number of documents', () => {
    const first = prepare('{ done }', schema);
    for (let index = 0; index < 1_000; index += 1) prepare(`{ a${index}: done }`, schema);
    expect(prepare('{ done }', schema)).not.toBe(first);
  });
});
