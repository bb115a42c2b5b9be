import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
} from 'graphql';
import { type Pacer, pacedItems } from './pacer.js';

/** Lists of these are as long as the data is; all others have a bound of their own, such as 50 transitions. */
const LONG_LISTS: ReadonlySet<string> = new Set([
  'Session',
  'SessionEdge',
  'Target',
  'Resource',
  'TargetChange',
  'SessionChange',
  '__Type',
]);

/**
 * Lets executions with a pacer pause between the items of long lists, and between the root fields of a query. Executions
 * without one are as synchronous as before.
 */
export function paceLists(schema: GraphQLSchema): void {
  const query = schema.getQueryType();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const resolve = field.resolve ?? defaultFieldResolver;
      const isLong = isListType(getNullableType(field.type)) && LONG_LISTS.has(getNamedType(field.type).name);
      const paced = isLong ? paceItems(resolve) : resolve;
      if (type === query) field.resolve = paceStart(paced);
      else if (isLong) field.resolve = paced;
    }
  }
}

type Resolver = GraphQLFieldResolver<unknown, { readonly pacer?: Pacer }>;

function paceItems(resolve: Resolver): Resolver {
  return (parent, args, context, info) => {
    const items: unknown = resolve(parent, args, context, info);
    const { pacer } = context;
    return pacer && Array.isArray(items) && items.length > 1 ? pacedItems(items, pacer, itself) : items;
  };
}

function paceStart(resolve: Resolver): Resolver {
  return (parent, args, context, info) => {
    const pause = context.pacer?.pause();
    return pause ? resolveLater(pause) : resolve(parent, args, context, info);

    async function resolveLater(first: Promise<void>): Promise<unknown> {
      for (let next: Promise<void> | null = first; next !== null; next = context.pacer?.pause() ?? null)
        await next;
      return resolve(parent, args, context, info);
    }
  };
}

function itself<T>(item: T): T {
  return item;
}
