import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/model/change.js';
import { decodeSession } from '../../src/model/decode.js';
import type { Session, Target } from '../../src/model/session.js';
import { createMemoryProvider, type MemorySource } from '../../src/providers/memory.js';
import { changeSequences, foldChanges } from '../support/change-sequences.js';
import { withFacts } from '../support/facts.js';
import { describeProvider } from '../support/provider-contract.js';
import { startProviderWatch } from '../support/provider-watch.js';
import { session } from '../support/sessions.js';

describeProvider('memory', {
  ids: ['a/Tiltfile', 'b/Tiltfile', 'c/Tiltfile'],
  abilities: ['put', 'remove', 'disconnect', 'watchAgain'],
  histories: 100,
  make(initial) {
    const decoded = initial.map(({ json, instance }) => decodeSession(json, instance));
    const { provider, put, remove, fail } = createMemoryProvider('memory', decoded);
    return {
      provider,
      put: ({ json, instance }) => put(decodeSession(json, instance)),
      remove,
      disconnect: () => fail(new Error('broken')),
      dispose: () => {},
    };
  },
});

describe('a memory source', () => {
  it('pushes all changes in order', async () => {
    const memory = createMemoryProvider('memory', [session('a')]);
    const newer = session('a', { 'api:serve': 'ready' });
    const watching = startProviderWatch(memory.provider);
    memory.put(newer);
    memory.markStale('no news', 'a/Tiltfile');
    memory.markStale('no news of any');
    memory.replaceAll([newer]);
    memory.remove('a/Tiltfile');
    memory.end();
    await ended(watching);
    expect(watching.changes.slice(1)).toEqual([
      { type: 'upsert', session: newer },
      { type: 'stale', error: 'no news', id: 'a/Tiltfile' },
      { type: 'stale', error: 'no news of any' },
      { type: 'snapshot', sessions: [newer] },
      { type: 'remove', id: 'a/Tiltfile' },
    ]);
  });

  it('names the targets of a Session that are not the same objects as before', async () => {
    const before = session('a', { 'api:serve': 'ready', 'web:serve': 'ready', 'db:serve': 'ready' });
    const memory = createMemoryProvider('memory', [before]);
    const watching = startProviderWatch(memory.provider);
    const after = withTargets(before, before.status.targets.with(1, { ...targetAt(before, 1) }));
    memory.put(after);
    memory.put(withTargets(after, [...after.status.targets]));
    memory.put(after);
    memory.put(withTargets(after, after.status.targets.slice(1)));
    memory.put(session('a', { 'api:serve': 'ready' }));
    memory.remove('a/Tiltfile');
    memory.put(after);
    memory.end();
    await ended(watching);
    const upserts = watching.changes.filter((change) => change.type === 'upsert');
    expect(upserts.map(({ changedTargets }) => changedTargets)).toEqual([
      [1],
      [],
      [],
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('may change a list of targets in place', async () => {
    const targets = [...session('a', { 'api:serve': 'ready' }).status.targets];
    const own = withTargets(session('a'), targets);
    const memory = createMemoryProvider('memory', [own]);
    const watching = startProviderWatch(memory.provider);
    targets[0] = { ...targetAt(own, 0) };
    memory.put(own);
    memory.end();
    await ended(watching);
    expect(watching.changes.at(-1)).toEqual({ type: 'upsert', session: own });
    expect(watching.changes.at(-1)).not.toHaveProperty('changedTargets');
  });

  it('pushes the facts of a Session with it, and no facts with a state that has none', async () => {
    const memory = createMemoryProvider('memory', [withFacts(session('a'), { api: {} })]);
    const watching = startProviderWatch(memory.provider);
    const namesNow = () =>
      watching.state.sessions.get('a/Tiltfile')?.facts?.resources?.map(({ name }) => name);
    expect(namesNow()).toEqual(['api']);
    memory.put(withFacts(session('a'), { api: {}, web: { on: ['api'] } }));
    expect(namesNow()).toEqual(['api', 'web']);
    memory.put(session('a'));
    expect(namesNow()).toBeUndefined();
    memory.end();
    await ended(watching);
  });

  it('pushes to any number of watches', async () => {
    const memory = createMemoryProvider('memory');
    const watchings = [startProviderWatch(memory.provider), startProviderWatch(memory.provider)];
    memory.put(session('a'));
    memory.end();
    for (const watching of watchings) {
      await ended(watching);
      expect([...watching.state.sessions.keys()]).toEqual(['a/Tiltfile']);
    }
  });

  it('replays stale Sessions to a later watch', async () => {
    const memory = createMemoryProvider('memory', [session('a'), session('b')]);
    memory.markStale('no news of any');
    memory.put(session('b'));
    memory.end();
    const watching = startProviderWatch(memory.provider);
    await ended(watching);
    expect([...watching.state.stale]).toEqual([['a/Tiltfile', 'no news of any']]);
  });

  it('replays at most one change per Session and one more to a later watch', () => {
    fc.assert(
      fc.property(changeSequences, (changes) => {
        const memory = createMemoryProvider('memory');
        for (const change of changes) say(memory, change);
        const pushed: Change[] = [];
        void memory.provider.watch((change) => pushed.push(change), new AbortController().signal);
        expect(foldChanges(pushed)).toEqual(foldChanges(changes));
        expect(pushed.length).toBeLessThanOrEqual(3 + 1);
      }),
    );
  });

  it('has pushed a change to every watch when the call returns', () => {
    const memory = createMemoryProvider('memory');
    const pushed: Change['type'][] = [];
    void memory.provider.watch(({ type }) => pushed.push(type), new AbortController().signal);
    memory.put(session('a'));
    expect(pushed).toEqual(['snapshot', 'upsert']);
  });

  it('rejects with its failure after all earlier changes, and pushes no later ones', async () => {
    const memory = createMemoryProvider('memory');
    const watching = startProviderWatch(memory.provider);
    memory.put(session('a'));
    memory.fail(new Error('broken'));
    memory.put(session('b'));
    await ended(watching);
    expect(watching.outcome?.error).toEqual(new Error('broken'));
    expect([...watching.state.sessions.keys()]).toEqual(['a/Tiltfile']);
  });

  it('does not reject later watches after a failure', async () => {
    const memory = createMemoryProvider('memory', [session('a')]);
    memory.fail(new Error('broken'));
    const watching = startProviderWatch(memory.provider);
    memory.end();
    await ended(watching);
    expect(watching.outcome).toEqual({ error: null });
    expect(watching.state.sessions.size).toBe(1);
  });

  it('ignores changes after its end', async () => {
    const memory = createMemoryProvider('memory');
    memory.end();
    memory.put(session('a'));
    const watching = startProviderWatch(memory.provider);
    await ended(watching);
    expect(watching.changes).toEqual([{ type: 'snapshot', sessions: [] }]);
  });
});

function say(memory: MemorySource, change: Change): void {
  if (change.type === 'snapshot') memory.replaceAll(change.sessions);
  else if (change.type === 'upsert') memory.put(change.session);
  else if (change.type === 'remove') memory.remove(change.id);
  else if (change.type === 'stale') memory.markStale(change.error, change.id);
}

async function ended(watching: { readonly outcome: unknown }): Promise<void> {
  while (watching.outcome === null) await new Promise((resolve) => setImmediate(resolve));
}

function withTargets(of: Session, targets: readonly Target[]): Session {
  return { ...of, status: { ...of.status, targets } };
}

function targetAt({ status }: Session, index: number): Target {
  const target = status.targets[index];
  if (!target) throw new Error(`Expected a target at ${index}.`);
  return target;
}
