import { describe, expect, it } from 'vitest';
import { createAsyncIterable } from '../../src/lib/async-iterable.js';
import type { Change } from '../../src/model/change.js';
import { decodeSession } from '../../src/model/decode.js';
import { fromAsyncIterable } from '../../src/providers/from-async-iterable.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { describeProvider } from '../support/provider-contract.js';
import { session } from '../support/sessions.js';
import { startWatching } from '../support/watching.js';

describeProvider('fromAsyncIterable', {
  ids: ['a/Tiltfile', 'b/Tiltfile', 'c/Tiltfile'],
  abilities: ['put', 'remove', 'breakLink', 'watchAgain'],
  make(initial) {
    const decoded = initial.map(({ json, instance }) => decodeSession(json, instance));
    const memory = createMemoryProvider('memory', decoded);
    const iterate = (signal: AbortSignal) =>
      createAsyncIterable<Change>(signal, (feed) => {
        const waiting: Change[] = [];
        const ending = new AbortController();
        const push = (change: Change) => {
          waiting.push(change);
          feed.notify();
        };
        memory.provider.watch(push, ending.signal).then(() => feed.finish(null), feed.finish);
        return { take: () => waiting.shift(), stop: () => ending.abort() };
      });
    return {
      provider: fromAsyncIterable('iterated', iterate),
      put: ({ json, instance }) => memory.put(decodeSession(json, instance)),
      remove: memory.remove,
      breakLink: () => memory.fail(new Error('broken')),
      dispose: () => {},
    };
  },
});

const SNAPSHOT: Change = { type: 'snapshot', sessions: [session('a')] };

describe('fromAsyncIterable', () => {
  it('makes a provider of an async generator function: its end is the end, its error the error', async () => {
    const good = startWatching(
      fromAsyncIterable('mine', async function* () {
        yield SNAPSHOT;
      }),
    );
    await expect.poll(() => good.outcome).toEqual({ error: null });
    expect(good.changes).toEqual([SNAPSHOT]);
    const bad = startWatching(
      fromAsyncIterable('mine', async function* () {
        yield SNAPSHOT;
        throw new Error('broken');
      }),
    );
    await expect.poll(() => bad.outcome).toEqual({ error: new Error('broken') });
  });

  it('resolves at once when the signal aborts while the iterable does not react, and returns it', async () => {
    let returns = 0;
    let fail = (_: Error) => {};
    const deaf: AsyncIterator<Change> = {
      next: () => new Promise((_, reject) => (fail = reject)),
      return() {
        returns += 1;
        return Promise.reject(new Error('late'));
      },
    };
    const watching = startWatching(fromAsyncIterable('mine', () => ({ [Symbol.asyncIterator]: () => deaf })));
    watching.abort();
    fail(new Error('later still'));
    await expect.poll(() => watching.outcome).toEqual({ error: null });
    expect(returns).toBe(1);
  });
});
