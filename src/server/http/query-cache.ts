import { LRUCache } from 'lru-cache';
import type { Dependencies } from '../../graphql/dependencies.js';
import { createMetrics, type Metrics } from '../../lib/metrics.js';
import type { AnswerForms } from './answer-forms.js';

/** Limits of a query cache. */
export interface QueryCacheLimits {
  /** Maximum memory of all answers and their keys, in bytes. 0 disables the cache. */
  readonly bytes: number;
  /** Maximum length of a cached answer, in bytes. */
  readonly responseBytes: number;
}

/**
 * 32 MiB hold 2,000 answers of 16 kB, a Session of 100 targets; 4 MiB leave room for several of the largest.
 */
export const DEFAULT_QUERY_CACHE_LIMITS: QueryCacheLimits = {
  bytes: 32 * 2 ** 20,
  responseBytes: 4 * 2 ** 20,
};

/** Answers by request. An answer is valid until something that it depends on changes. */
export interface QueryCache {
  /** Returns the answer to a request. Null for an unknown request or an outdated answer. */
  find(key: string): AnswerForms | null;
  /** Maximum length of a cached answer, in bytes. */
  readonly maxResponseBytes: number;
  /** Keeps an answer. Its compressed forms count as soon as they exist. */
  keep(key: string, answer: AnswerForms, dependencies: Dependencies): void;
}

interface Kept {
  readonly answer: AnswerForms;
  readonly dependencies: Dependencies;
}

/** Approximate memory of an entry apart from key and body, in bytes: headers and dependencies. */
const ENTRY_BYTES = 2_000;

/** Creates an empty cache. */
export function createQueryCache(limits: QueryCacheLimits, metrics: Metrics = createMetrics()): QueryCache {
  const counts = metrics.queryCache;
  const answers = new LRUCache<string, Kept>({
    // For the library 0 means no limit. Every entry is larger than one byte.
    maxSize: Math.max(limits.bytes, 1),
    sizeCalculation: ({ answer }, key) => key.length + answer.bytes + ENTRY_BYTES,
  });
  const maxResponseBytes = Math.min(limits.bytes, limits.responseBytes);
  metrics.registerGauges({
    queryCacheResponses: () => answers.size,
    queryCacheBytes: () => answers.calculatedSize,
  });
  return {
    maxResponseBytes,
    find(key) {
      const kept = answers.get(key);
      if (kept?.dependencies.isFresh()) {
        counts.hits += 1;
        return kept.answer;
      }
      counts.misses += 1;
      if (kept !== undefined) answers.delete(key);
      return null;
    },
    keep(key, answer, dependencies) {
      if (answer.plain.body.length > maxResponseBytes) return;
      answers.set(key, { answer, dependencies });
      answer.onGrown(() => {
        // A new entry: the library measures again only if the value differs.
        if (answers.peek(key)?.answer === answer) answers.set(key, { answer, dependencies });
      });
    },
  };
}
