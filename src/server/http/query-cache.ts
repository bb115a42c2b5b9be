import { LRUCache } from 'lru-cache';
import type { Reads } from '../../graphql/reads.js';
import { createMetrics, type Metrics } from '../../lib/metrics.js';
import type { Answer } from './answer.js';

/** How much a query cache keeps. */
export interface QueryCacheLimits {
  /** What all answers may take, with their requests, in bytes. 0: none is kept. */
  readonly bytes: number;
  /** The biggest answer that is kept, in bytes. */
  readonly answerBytes: number;
}

/** 32 MiB are 2,000 answers of 16 kB, a Session of 100 targets; 4 MiB leave room for several of the biggest. */
export const DEFAULT_QUERY_CACHE_LIMITS: QueryCacheLimits = { bytes: 32 * 2 ** 20, answerBytes: 4 * 2 ** 20 };

/** Answers by request, each for as long as an execution would give the same. */
export interface QueryCache {
  /** The answer to a request; null when there is none, or what it was made of has changed. */
  find(key: string): Answer | null;
  /** The biggest answer that is kept, in bytes. */
  readonly maxAnswerBytes: number;
  keep(key: string, answer: Answer, reads: Reads): void;
}

interface Kept {
  readonly answer: Answer;
  readonly reads: Reads;
}

/** About what an entry takes beside its key and its body, in bytes: headers, and what was read. */
const ENTRY_BYTES = 2_000;

/** An empty cache. */
export function createQueryCache(limits: QueryCacheLimits, metrics: Metrics = createMetrics()): QueryCache {
  const counts = metrics.queryCache;
  const answers = new LRUCache<string, Kept>({
    // To the library 0 means no limit. No entry is as small as one byte.
    maxSize: Math.max(limits.bytes, 1),
    sizeCalculation: ({ answer: { body, ascii } }, key) =>
      key.length + body.length + (ascii?.length ?? 0) + ENTRY_BYTES,
  });
  const maxAnswerBytes = Math.min(limits.bytes, limits.answerBytes);
  metrics.registerGauges({
    queryCacheAnswers: () => answers.size,
    queryCacheBytes: () => answers.calculatedSize,
  });
  return {
    maxAnswerBytes,
    find(key) {
      const kept = answers.get(key);
      if (kept?.reads.areCurrent()) {
        counts.hits += 1;
        return kept.answer;
      }
      counts.misses += 1;
      if (kept !== undefined) answers.delete(key);
      return null;
    },
    keep(key, answer, reads) {
      if (answer.body.length <= maxAnswerBytes) answers.set(key, { answer, reads });
    },
  };
}
