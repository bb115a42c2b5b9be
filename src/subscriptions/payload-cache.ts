import { LRUCache } from 'lru-cache';
import type { Payload } from './payload.js';

/** The payloads that one group keeps for readers that come for them a little later. */
export interface PayloadCache {
  get(name: string): Payload | undefined;
  /** Keeps a payload. Beyond {@link MAX_PAYLOADS} the oldest of the group goes. */
  set(name: string, payload: Payload): void;
  delete(name: string): void;
  clear(): void;
}

/** What all groups share. */
export interface PayloadCaches {
  /** Creates the cache of a group. */
  create(): PayloadCache;
}

/** How many payloads a group keeps: as many as a backlog holds. */
const MAX_PAYLOADS = 64;

/** What the payloads of all groups may take together, in bytes: one of 10,000 targets has 2 MB. */
const MAX_BYTES = 64 * 2 ** 20;

/** What a payload takes beside its bytes. */
const ENTRY_BYTES = 500;

/** Creates the caches of all groups, bounded in bytes together: the payload goes first that was used longest ago. */
export function createPayloadCaches(): PayloadCaches {
  const shared = new LRUCache<string, Payload>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ body }, key) => 2 * key.length + body.length + ENTRY_BYTES,
  });
  let groups = 0;

  return {
    create() {
      groups += 1;
      return createCache(shared, `${groups} `);
    },
  };
}

function createCache(shared: LRUCache<string, Payload>, prefix: string): PayloadCache {
  const names = new Set<string>();

  return {
    get: (name) => shared.get(prefix + name),
    set(name, payload) {
      shared.set(prefix + name, payload);
      names.add(name);
      const [oldest] = names;
      if (names.size > MAX_PAYLOADS && oldest !== undefined) forget(oldest);
    },
    delete: forget,
    clear() {
      for (const name of names) forget(name);
    },
  };

  function forget(name: string): void {
    names.delete(name);
    shared.delete(prefix + name);
  }
}
