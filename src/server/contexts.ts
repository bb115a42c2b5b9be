import { LRUCache } from 'lru-cache';
import type { Context } from '../graphql/context.js';
import { compileGlob } from '../model/target-filter.js';
import { type ReadableStore, scopedStore } from '../store/scoped.js';
import type { Scope } from './access/access.js';

/** What resolvers get for a scope. */
export type ContextOf = (scope: Scope) => Context;

/** Gives resolvers no more of the store than their client may see. */
export function createContexts(store: ReadableStore, version: string): ContextOf {
  const everything = { store, version, scope: '', lastEventId: null };
  // Each identity provider's user may have a scope of its own; one that is forgotten is made anew.
  const scoped = new LRUCache<string, Context>({
    max: 1_000,
    maxSize: 16 * 2 ** 20,
    sizeCalculation: (_, key) => 2 * key.length + 1_000,
  });
  return ({ key, instances }) => {
    if (instances === null) return everything;
    const known = scoped.get(key);
    if (known) return known;
    const globs = instances.map(compileGlob);
    const sees = (instance: string) => globs.some((matches) => matches(instance));
    const context = { store: scopedStore(store, sees), version, scope: key, lastEventId: null };
    scoped.set(key, context);
    return context;
  };
}
