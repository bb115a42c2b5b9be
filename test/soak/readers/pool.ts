import { between, type Random } from '../../../src/providers/demo/random.js';

/** Things that were left, to be taken up again in any order. */
export interface Pool<T> {
  /** Beyond the bound it takes the place of another. */
  leave(item: T): void;
  take(): T | null;
}

/** Has none. */
export function createPool<T>(bound: number, random: Random): Pool<T> {
  const items: T[] = [];

  return {
    leave(item) {
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
