import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
} from 'graphql';
import { afterConnections } from './event-loop.js';

/**
 * Divides long work into slices, so that it does not block the event loop: the watches of Tilts, and other
 * requests.
 */
export interface Pacer {
  /**
   * Null while the slice has time left. Otherwise resolves in the next slice, where it has to be called
   * again.
   */
  pause(): Promise<void> | null;
}

/** Length of a slice, in milliseconds. Work exceeds it by up to the time between two calls of `pause`. */
const SLICE_MS = 20;

/** Dependencies of a pacer. */
export interface PacerOptions {
  /** Milliseconds since any moment. */
  readonly monotonic: () => number;
  /** Default: `afterConnections`. */
  readonly afterIo?: (task: () => void) => void;
}

/** Creates a pacer and starts its first slice. */
export function createPacer({ monotonic, afterIo = afterConnections }: PacerOptions): Pacer {
  let end = monotonic() + SLICE_MS;
  let next: Promise<void> | null = null;

  return {
    pause() {
      if (next === null && monotonic() >= end) next = new Promise((resolve) => afterIo(() => begin(resolve)));
      return next;
    },
  };

  function begin(resolve: () => void): void {
    next = null;
    end = monotonic() + SLICE_MS;
    resolve();
  }
}

/**
 * Maps the items of a list one by one, with a pause between slices. Returns promises, because graphql-js 16
 * does not accept an asynchronous iterable as a list.
 */
export function pacedItems<T, R>(items: readonly T[], pacer: Pacer, map: (item: T) => R): Promise<R>[] {
  let before: Promise<unknown> = Promise.resolve();
  return items.map((item) => {
    const result = mapAfter(before, item);
    before = result;
    return result;
  });

  async function mapAfter(earlier: Promise<unknown>, item: T): Promise<R> {
    await earlier;
    for (let pause = pacer.pause(); pause !== null; pause = pacer.pause()) await pause;
    return map(item);
  }
}

/** Types whose lists grow with the data. Other lists have a limit, such as 50 transitions. */
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
 * Lets executions with a pacer pause between the items of long lists, and between the root fields of a query.
 * Executions without a pacer stay synchronous.
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
    return pacer && Array.isArray(items) && items.length > 1 ? pacedItems(items, pacer, identity) : items;
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

function identity<T>(item: T): T {
  return item;
}
