import { type ExecutionResult, graphql } from 'graphql';
import { createSchema } from '../../src/graphql/schema.js';
import type { Store } from '../../src/store/store.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';

const schema = createSchema(subscriptionResolvers);

/** Executes a query directly on a store, without HTTP. */
export async function query<T>(
  store: Store,
  source: string,
  variableValues: Record<string, unknown> = {},
): Promise<{ data: T; errors: ExecutionResult['errors'] }> {
  const contextValue = { store, version: 'test', lastEventId: null };
  const { data, errors } = await graphql({ schema, source, variableValues, contextValue });
  return { data: JSON.parse(JSON.stringify(data ?? null)), errors };
}
