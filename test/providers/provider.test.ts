import { describe, expect, it } from 'vitest';
import { createAsyncIterable } from '../../src/lib/async-iterable.js';
import type { Change } from '../../src/model/change.js';
import { decodeSession } from '../../src/model/decode.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { fromAsyncIterable, type PushChange, type SessionProvider } from '../../src/providers/provider.js';
import { startGateway } from '../support/gateway.js';
import { describeProvider } from '../support/provider-contract.js';
import { startProviderWatch } from '../support/provider-watch.js';
import { session } from '../support/sessions.js';

describeProvider('fromAsyncIterable', {
  ids: ['a/Tiltfile', 'b/Tiltfile', 'c/Tiltfile'],
  abilities: ['put', 'remove', 'disconnect', 'watchAgain'],
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
      disconnect: () => memory.fail(new Error('broken')),
      dispose: () => {},
    };
  },
});

const SNAPSHOT: Change = { type: 'snapshot', sessions: [session('a')] };

describe('fromAsyncIterable', () => {
  it('makes a provider of an async generator function, with its end and its error', async () => {
    const good = startProviderWatch(
      fromAsyncIterable('mine', async function* () {
        yield SNAPSHOT;
      }),
    );
    await expect.poll(() => good.outcome).toEqual({ error: null });
    expect(good.changes).toEqual([SNAPSHOT]);
    const bad = startProviderWatch(
      fromAsyncIterable('mine', async function* () {
        yield SNAPSHOT;
        throw new Error('broken');
      }),
    );
    await expect.poll(() => bad.outcome).toEqual({ error: new Error('broken') });
  });

  it('resolves at once when the signal aborts and the iterable does not react, and closes the iterable', async () => {
    let returns = 0;
    let fail = (_: Error) => {};
    const deaf: AsyncIterator<Change> = {
      next: () => new Promise((_, reject) => (fail = reject)),
      return() {
        returns += 1;
        return Promise.reject(new Error('late'));
      },
    };
    const watching = startProviderWatch(
      fromAsyncIterable('mine', () => ({ [Symbol.asyncIterator]: () => deaf })),
    );
    watching.abort();
    fail(new Error('later still'));
    await expect.poll(() => watching.outcome).toEqual({ error: null });
    expect(returns).toBe(1);
  });
});

/** A provider in plain JavaScript, whose changes no compiler has checked. */
function providerOf(...changes: readonly unknown[]) {
  return {
    name: 'mine',
    async watch(push: PushChange, signal: AbortSignal) {
      for (const change of changes) push(JSON.parse(JSON.stringify(change)));
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };
}

const EMPTY_SNAPSHOT = { type: 'snapshot', sessions: [] };
const BROKEN = 'its provider violates the contract: expected';

describe('a provider that violates the contract', () => {
  it.each([
    [
      { type: 'update', session: {} },
      'a change of type "snapshot", "upsert", "remove", "stale", "availability" or "log", got "update"',
    ],
    [{}, 'a change of type "snapshot", "upsert", "remove", "stale", "availability" or "log", got undefined'],
    [null, 'a change, got null'],
    [{ type: 'snapshot' }, 'a change of type "snapshot" with sessions, a list, got undefined'],
    [
      { type: 'snapshot', sessions: [{}] },
      'a change of type "snapshot" with only Sessions, got a list of other values',
    ],
    [
      { type: 'snapshot', sessions: [], stale: [{ id: 'a' }] },
      'a change of type "snapshot" with stale, a list of { id, error }, got a list of other values',
    ],
    [
      { type: 'upsert', session: { kind: 'Session' } },
      'with session, got an object that decodeSession has not created',
    ],
    [
      { type: 'upsert', session: { id: 'a', status: {}, facts: { resources: {} } } },
      'with session, got an object that decodeSession has not created',
    ],
    [
      { type: 'upsert', session: { id: 'a', status: {} }, changedTargets: 'all' },
      'with changedTargets, a list of indices, got "all"',
    ],
    [{ type: 'remove' }, 'a change of type "remove" with id, a string, got undefined'],
    [{ type: 'stale' }, 'a change of type "stale" with error, a string, got undefined'],
  ])(
    'becomes a source whose error contains the received and the expected value: %j',
    async (change, expected) => {
      await using gateway = await startGateway({ providers: [providerOf(EMPTY_SNAPSHOT, change)] });
      const errors = () => gateway.gateway.sources().map(({ error }) => error);
      await expect.poll(errors).toEqual([expect.stringContaining(BROKEN)]);
      expect(errors()).toEqual([expect.stringContaining(expected)]);
    },
  );

  it.each([
    [
      'an async generator',
      (async function* () {})(),
      'got an async iterable; wrap it with fromAsyncIterable',
    ],
    ['nothing', undefined, 'got undefined'],
    ['a function', () => {}, 'got a function'],
  ])('becomes a source whose error requires a promise from watch: %s', async (_, returned, got) => {
    // As in plain JavaScript.
    const provider: SessionProvider = { name: 'mine', watch: Object(() => returned) };
    await using gateway = await startGateway({ providers: [provider] });
    const errors = () => gateway.gateway.sources().map(({ error }) => error);
    await expect.poll(errors).toEqual([`${BROKEN} a promise from watch(push, signal), ${got}`]);
  });
});
