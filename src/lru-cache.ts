/** The bounds of a cache, whichever is met first. */
export interface CacheLimits {
  /** How many values are kept. */
  readonly entries: number;
  /** What they may weigh together; a value that alone weighs more is not kept. */
  readonly bytes: number;
}

/** What a cache is made of. */
export interface LruCacheOptions<V> extends CacheLimits {
  /** About how many bytes of memory it costs to keep a value under a key. */
  weigh(key: string, value: V): number;
}

/** Values by text. Beyond the bounds the value goes that was used longest ago. */
export interface LruCache<V> {
  readonly size: number;
  readonly bytes: number;
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

interface Entry<V> {
  readonly value: V;
  readonly bytes: number;
}

/** An empty cache. */
export function createLruCache<V>({ weigh, ...limits }: LruCacheOptions<V>): LruCache<V> {
  // A Map is in the order in which its keys were set: what is used is set anew, so the first is the oldest in use.
  const kept = new Map<string, Entry<V>>();
  let newest: Entry<V> | null = null;
  let bytes = 0;

  return {
    get size() {
      return kept.size;
    },
    get bytes() {
      return bytes;
    },
    get(key) {
      const entry = kept.get(key);
      if (entry === undefined) return undefined;
      if (entry !== newest) {
        kept.delete(key);
        append(key, entry);
      }
      return entry.value;
    },
    set(key, value) {
      forget(key);
      const entry = { value, bytes: weigh(key, value) };
      if (entry.bytes > limits.bytes) return;
      append(key, entry);
      bytes += entry.bytes;
      while (bytes > limits.bytes || kept.size > limits.entries) forgetOldest();
    },
    delete: forget,
  };

  function append(key: string, entry: Entry<V>): void {
    kept.set(key, entry);
    newest = entry;
  }

  function forgetOldest(): void {
    const [oldest] = kept.keys();
    if (oldest !== undefined) forget(oldest);
  }

  function forget(key: string): void {
    bytes -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  }
}
