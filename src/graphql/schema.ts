import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError, type GraphQLSchema, Kind, parse, type ValueNode } from 'graphql';
import { enumValues } from './enums.js';
import { subgraphOf } from './federation.js';
import type { SubscriptionResolvers } from './generated.js';
import { paceLists } from './pacer.js';
import { resolvers } from './resolvers.js';

/** The schema in GraphQL's own language, as `schema.graphql` has it: the contract with clients. */
export const typeDefs = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');

/**
 * The executable schema. How subscriptions are fed is not its business: those resolvers are passed in.
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

/** The text is ours, and a test holds it to the rules: to check it at each start took a twentieth of the time. */
const TRUSTED = { assumeValidSDL: true };

const text = {
  serialize: textOf,
  parseValue: textOf,
  parseLiteral: (node: ValueNode) => textOf(node.kind === Kind.STRING ? node.value : undefined),
};

/** The behaviour of the scalars. `JSON` is given as it is, which is what a declared scalar does by itself. */
const scalars = {
  // The model's text as it is: it was checked when it was decoded.
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
