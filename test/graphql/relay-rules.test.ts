import { buildSchema, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { typeDefs } from '../../src/graphql/schema.js';

describe('the schema and the rules of Relay', () => {
  it('a type name ends in "Connection" only for a list with edges and pageInfo', () => {
    const connections = Object.values(buildSchema(typeDefs).getTypeMap())
      .filter(isObjectType)
      .filter(({ name }) => name.endsWith('Connection'));
    expect(connections.map(({ name }) => name)).toEqual(['SessionConnection']);
    for (const type of connections) {
      expect(Object.keys(type.getFields())).toEqual(expect.arrayContaining(['edges', 'pageInfo']));
    }
  });
});
