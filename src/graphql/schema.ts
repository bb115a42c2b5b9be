import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildASTSchema, type GraphQLSchema, parse } from 'graphql';
import { enumValues } from './enums.js';
import { subgraphOf } from './federation.js';
import type { SubscriptionResolvers } from './generated.js';
import { paceLists } from './pace-lists.js';
import { resolvers } from './resolvers.js';
import { createScalars } from './scalars.js';

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
  const contract = buildASTSchema(document, TRUSTED);
  const more = federation ? [subgraphOf(typeDefs)] : [];
  const schema = makeExecutableSchema({
    ...TRUSTED,
    typeDefs: [document, ...more.map((extension) => extension.typeDefs)],
    resolvers: [
      { ...resolvers, Subscription: subscription },
      createScalars(contract),
      enumValues(contract),
      ...more.map((extension) => extension.resolvers),
    ],
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
  paceLists(schema);
  return schema;
}

/** The text is ours, and a test holds it to the rules: to check it at each start took a twentieth of the time. */
const TRUSTED = { assumeValidSDL: true };
