import { LRUCache } from 'lru-cache';
import type { Context } from '../graphql/context.js';
import { compileGlob } from '../model/target-filter.js';
import { type ReadableStore, scopedStore } from '../store/scoped.js';
import type { Scope } from './access/access.js';

/** Returns the context of resolvers for a scope. */
export type ContextOf = (scope: Scope) => Context;

/** Creates contexts that contain only what the clients of a scope may see. */
export function createContexts(store: ReadableStore, version: string): ContextOf {
  const everything = { store, version, scope: '', lastEventId: null };
  // Each user of an identity provider may have a separate scope. An evicted context is created again.
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
