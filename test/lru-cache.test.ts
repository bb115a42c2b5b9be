import { describe, expect, it } from 'vitest';
import { createLruCache } from '../src/lru-cache.js';

/** A cache of numbers that weigh what they are. */
const cacheOf = (entries: number, bytes: number) =>
  createLruCache<number>({ entries, bytes, weigh: (_, value) => value });

describe('a cache', () => {
  it('gives what was set last, until it is deleted', () => {
    const cache = cacheOf(9, 9);
    expect(cache.get('a')).toBeUndefined();
    cache.set('a', 1);
    cache.set('a', 2);
    expect([cache.get('a'), cache.size, cache.bytes]).toEqual([2, 1, 2]);
    cache.delete('a');
    cache.delete('a');
    expect([cache.get('a'), cache.size, cache.bytes]).toEqual([undefined, 0, 0]);
  });

  it('forgets what was used longest ago, once there are too many', () => {
    const cache = cacheOf(3, 99);
    for (const key of ['a', 'b', 'c']) cache.set(key, 1);
    cache.get('b');
    cache.get('a');
    cache.get('a');
    cache.set('d', 1);
    cache.set('b', 1);
    cache.set('e', 1);
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key))).toEqual(['b', 'd', 'e']);
  });

  it('forgets as many as it takes to make room', () => {
    const cache = cacheOf(99, 10);
    for (const key of ['a', 'b', 'c']) cache.set(key, 3);
    cache.set('d', 6);
    expect([cache.size, cache.bytes, cache.get('b'), cache.get('c')]).toEqual([2, 9, undefined, 3]);
  });

  it('does not keep what is too heavy, nor what that was to replace', () => {
    const cache = cacheOf(99, 10);
    cache.set('a', 1);
    cache.set('b', 1);
    cache.set('a', 11);
    expect([cache.get('a'), cache.get('b'), cache.bytes]).toEqual([undefined, 1, 1]);
  });

  it('keeps nothing where there is no room at all', () => {
    for (const cache of [cacheOf(0, 99), cacheOf(99, 0)]) {
      cache.set('a', 1);
      expect([cache.get('a'), cache.size, cache.bytes]).toEqual([undefined, 0, 0]);
    }
  });
});
