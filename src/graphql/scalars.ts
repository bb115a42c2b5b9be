import {
  GraphQLError,
  GraphQLScalarType,
  type GraphQLSchema,
  isScalarType,
  Kind,
  type ValueNode,
} from 'graphql';

/** The scalars of the schema with their behaviour, by name. Descriptions and specifications stay the schema's. */
export function createScalars(contract: GraphQLSchema): Record<keyof typeof behaviours, GraphQLScalarType> {
  const scalar = (name: keyof typeof behaviours): GraphQLScalarType => {
    const declared = contract.getType(name);
    if (!isScalarType(declared)) throw new TypeError(`schema.graphql: expected a scalar ${name}`);
    return new GraphQLScalarType({ ...declared.toConfig(), ...behaviours[name] });
  };
  return {
    MicroTime: scalar('MicroTime'),
    Duration: scalar('Duration'),
    Int64: scalar('Int64'),
    JSON: scalar('JSON'),
  };
}

const text = {
  serialize: textOf,
  parseValue: textOf,
  parseLiteral: (node: ValueNode) => textOf(node.kind === Kind.STRING ? node.value : undefined),
};

const behaviours = {
  // The model's text as it is: it was checked when it was decoded.
  MicroTime: text,
  Duration: text,
  Int64: {
    serialize: safeInteger,
    parseValue: safeInteger,
    parseLiteral: (node: ValueNode) => safeInteger(node.kind === Kind.INT ? Number(node.value) : undefined),
  },
  // As it is, which is what a declared scalar does by itself.
  JSON: {},
};

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new GraphQLError(`Expected a text, got ${JSON.stringify(value)}.`);
  return value;
}

function safeInteger(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new GraphQLError(`Expected a whole number within 2^53, got ${JSON.stringify(value)}.`);
  }
  return value;
}
