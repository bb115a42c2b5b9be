import { describe, expect, it } from 'vitest';
import { trackDependencies } from '../../../src/graphql/dependencies.js';
import { createAnswer } from '../../../src/server/http/answer.js';
import { AnswerForms } from '../../../src/server/http/answer-forms.js';
import { createQueryCache, DEFAULT_QUERY_CACHE_LIMITS } from '../../../src/server/http/query-cache.js';
import { createStore } from '../../../src/store/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { session } from '../../support/sessions.js';

/** Creates the dependencies of a response on a Session, which the test can change. */
function readSession() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const reads = trackDependencies(store);
  reads.store.get('a/Tiltfile');
  return { reads, change: () => store.apply('test', { type: 'upsert', session: session('a') }) };
}

const answer = (size: number) => new AnswerForms(createAnswer('x'.repeat(size), 'application/json'));

describe('the query cache', () => {
  it('the query cache finds a response by its request until one of its dependencies changes', () => {
    const cache = createQueryCache(DEFAULT_QUERY_CACHE_LIMITS);
    const { reads, change } = readSession();
    const kept = answer(9);
    cache.keep('a', kept, reads);
    expect([cache.find('a'), cache.find('b')]).toEqual([kept, null]);
    change();
    expect(cache.find('a')).toBeNull();
  });

  it('the query cache keeps the newest response to a request', () => {
    const cache = createQueryCache(DEFAULT_QUERY_CACHE_LIMITS);
    const { reads } = readSession();
    cache.keep('a', answer(1), reads);
    cache.keep('a', answer(2), reads);
    expect(cache.find('a')?.plain.body).toHaveLength(2);
  });

  it('the query cache stays within its byte limit, including requests and bookkeeping', () => {
    const cache = createQueryCache({ bytes: 1_000_000, responseBytes: 1_000_000 });
    const { reads } = readSession();
    const long = 'k'.repeat(40_000);
    for (let index = 0; index < 20; index += 1) cache.keep(`${index}${long}`, answer(60_000), reads);
    const found = Array.from({ length: 20 }, (_, index) => cache.find(`${index}${long}`)).filter(Boolean);
    expect(found).toHaveLength(9);
    for (let index = 0; index < 1_000; index += 1) cache.keep(String(index), answer(1), reads);
    expect(
      Array.from({ length: 1_000 }, (_, index) => cache.find(String(index))).filter(Boolean).length,
    ).toBe(498);
  });

  it('a query cache with size 0 keeps nothing', () => {
    const cache = createQueryCache({ bytes: 0, responseBytes: 1_000 });
    cache.keep('a', answer(0), readSession().reads);
    expect(cache.find('a')).toBeNull();
  });

  it('the query cache keeps no response above the maximum size', () => {
    const cache = createQueryCache({ bytes: 1_000_000, responseBytes: 10 });
    const { reads } = readSession();
    cache.keep('a', answer(10), reads);
    cache.keep('b', answer(11), reads);
    expect([cache.find('a') !== null, cache.find('b')]).toEqual([true, null]);
  });
});
