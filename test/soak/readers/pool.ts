import { between, type Random } from '../../../src/providers/demo/random.js';

/** Items that can be taken again in random order. */
export interface Pool<T> {
  /** Adds an item. A full pool replaces another item. */
  put(item: T): void;
  take(): T | null;
}

/** Creates an empty pool. */
export function createPool<T>(bound: number, random: Random): Pool<T> {
  const items: T[] = [];

  return {
    put(item) {
      if (items.length < bound) items.push(item);
      else items[between(random, 0, bound - 1)] = item;
    },
    take() {
      const last = items.pop();
      if (last === undefined || items.length === 0) return last ?? null;
      const place = between(random, 0, items.length - 1);
      const item = items[place] ?? last;
      items[place] = last;
      return item;
    },
  };
}
