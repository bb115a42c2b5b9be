import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type DocumentNode, GraphQLError, type GraphQLSchema, Kind, parse, type ValueNode } from 'graphql';
import { subgraphOf } from './federation.js';
import type { SubscriptionResolvers } from './generated.js';
import { paceLists } from './pacer.js';
import { resolvers } from './resolvers.js';

/** Content of `schema.graphql`, the contract with clients. */
export const typeDefs = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');

/**
 * Creates the executable schema. The resolvers of subscriptions are passed in.
 *
 * @param options `federation`: whether it can be a subgraph of Apollo Federation 2. Default: false
 */
export function createSchema(
  subscription: SubscriptionResolvers,
  { federation = false }: { readonly federation?: boolean } = {},
): GraphQLSchema {
  const document = parse(typeDefs, { noLocation: true });
  const more = federation ? [subgraphOf(typeDefs)] : [];
  const schema = makeExecutableSchema({
    ...TRUSTED,
    typeDefs: [document, ...more.map((extension) => extension.typeDefs)],
    resolvers: [
      { ...resolvers, Subscription: subscription },
      scalars,
      enumValues(document),
      ...more.map((extension) => extension.resolvers),
    ],
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
  paceLists(schema);
  return schema;
}

/**
 * The text is checked by a test. Checking it at each start took a twentieth of the start-up time.
 */
const TRUSTED = { assumeValidSDL: true };

const text = {
  serialize: textOf,
  parseValue: textOf,
  parseLiteral: (node: ValueNode) => textOf(node.kind === Kind.STRING ? node.value : undefined),
};

/** Behaviour of the scalars. `JSON` is passed through, the default of a declared scalar. */
const scalars = {
  // Text of the model, which was checked when it was decoded.
  MicroTime: text,
  Duration: text,
  Int64: {
    serialize: safeInteger,
    parseValue: safeInteger,
    parseLiteral: (node: ValueNode) => safeInteger(node.kind === Kind.INT ? Number(node.value) : undefined),
  },
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

/** Returns the model's word for each value of each enum: `not-applicable` for NOT_APPLICABLE. */
export function enumValues({ definitions }: DocumentNode): Record<string, Record<string, string>> {
  const enums = definitions.filter((node) => node.kind === Kind.ENUM_TYPE_DEFINITION);
  return Object.fromEntries(
    enums.map(({ name, values = [] }) => [
      name.value,
      Object.fromEntries(values.map((value) => [value.name.value, modelWord(value.name.value)])),
    ]),
  );
}

function modelWord(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
