import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql';

/** `MicroTime`: the model's text as it is. */
export const microTime = textScalar('MicroTime');

/** `Duration`: the model's text as it is. */
export const duration = textScalar('Duration');

/** `Int64`: a JavaScript number within ±2^53; anything else is refused. */
export const int64 = new GraphQLScalarType({
  name: 'Int64',
  serialize: safeInteger,
  parseValue: safeInteger,
  parseLiteral: (node) => safeInteger(node.kind === Kind.INT ? Number(node.value) : undefined),
});

/** `JSON`: any value as it is. */
export const json = new GraphQLScalarType({
  name: 'JSON',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

function textScalar(name: string): GraphQLScalarType {
  const text = (value: unknown): string => {
    if (typeof value !== 'string') throw new GraphQLError(`${name}: expected a text, got ${JSON.stringify(value)}`);
    return value;
  };
  return new GraphQLScalarType({
    name,
    serialize: text,
    parseValue: text,
    parseLiteral: (node) => text(node.kind === Kind.STRING ? node.value : undefined),
  });
}

function safeInteger(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new GraphQLError(`Int64: expected a whole number within 2^53, got ${JSON.stringify(value)}`);
  }
  return value;
}
