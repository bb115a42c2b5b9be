import { describe, expect, it } from 'vitest';
import type { PushChange, SessionProvider } from '../../src/providers/provider.js';
import { startGateway } from '../support/gateway.js';

/** A provider in plain JavaScript: no compiler has looked at what it gives. */
function providerOf(...changes: readonly unknown[]) {
  return {
    name: 'mine',
    async watch(push: PushChange, signal: AbortSignal) {
      for (const change of changes) push(JSON.parse(JSON.stringify(change)));
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };
}

const SNAPSHOT = { type: 'snapshot', sessions: [] };
const BROKEN = 'its provider breaks the contract: expected';

describe('a provider that breaks the contract', () => {
  it.each([
    [
      { type: 'update', session: {} },
      'a change of type "snapshot", "upsert", "remove" or "stale", got "update"',
    ],
    [{}, 'a change of type "snapshot", "upsert", "remove" or "stale", got undefined'],
    [null, 'a change, got null'],
    [{ type: 'snapshot' }, 'a change of type "snapshot" with sessions, a list, got undefined'],
    [
      { type: 'snapshot', sessions: [{}] },
      'a change of type "snapshot" with Sessions alone, got a list of something else',
    ],
    [
      { type: 'upsert', session: { kind: 'Session' } },
      'with session, got an object that decodeSession did not make',
    ],
    [
      { type: 'upsert', session: { id: 'a', status: {} }, changedTargets: 'all' },
      'with changedTargets, a list of indices, got "all"',
    ],
    [{ type: 'remove' }, 'a change of type "remove" with id, a text, got undefined'],
    [{ type: 'stale' }, 'a change of type "stale" with error, a text, got undefined'],
  ])('is a source whose error says what it gave and what was expected: %j', async (change, expected) => {
    await using gateway = await startGateway({ providers: [providerOf(SNAPSHOT, change)] });
    const errors = () => gateway.gateway.sources().map(({ error }) => error);
    await expect.poll(errors).toEqual([expect.stringContaining(BROKEN)]);
    expect(errors()).toEqual([expect.stringContaining(expected)]);
  });

  it.each([
    [
      'an async generator',
      (async function* () {})(),
      'got an async iterable; wrap it with fromAsyncIterable',
    ],
    ['nothing', undefined, 'got undefined'],
    ['a function', () => {}, 'got a function'],
  ])('is a source whose error says that watch has to return a promise: %s', async (_, returned, got) => {
    // As plain JavaScript has it.
    const provider: SessionProvider = { name: 'mine', watch: Object(() => returned) };
    await using gateway = await startGateway({ providers: [provider] });
    const errors = () => gateway.gateway.sources().map(({ error }) => error);
    await expect.poll(errors).toEqual([`${BROKEN} a promise from watch(push, signal), ${got}`]);
  });
});
