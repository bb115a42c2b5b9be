import { describe, expect, it } from 'vitest';
import { startGateway } from '../support/gateway.js';

/** A provider in plain JavaScript: no compiler has looked at what it gives. */
function providerOf(...changes: readonly unknown[]) {
  return {
    name: 'mine',
    async *watch(signal: AbortSignal) {
      for (const change of changes) yield JSON.parse(JSON.stringify(change));
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
    [{ type: 'remove' }, 'a change of type "remove" with id, a text, got undefined'],
    [{ type: 'stale' }, 'a change of type "stale" with error, a text, got undefined'],
  ])('is a source whose error says what it gave and what was expected: %j', async (change, expected) => {
    await using gateway = await startGateway({ providers: [providerOf(SNAPSHOT, change)] });
    const errors = () => gateway.gateway.sources().map(({ error }) => error);
    await expect.poll(errors).toEqual([expect.stringContaining(BROKEN)]);
    expect(errors()).toEqual([expect.stringContaining(expected)]);
  });
});
