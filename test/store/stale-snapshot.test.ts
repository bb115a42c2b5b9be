import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStore, type Store } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

function openStore(): { readonly store: Store; readonly clock: ReturnType<typeof createManualClock> } {
  const clock = createManualClock();
  const store = createStore({ clock, epoch: 'e' });
  store.open('test');
  return { store, clock };
}

const ID = 'a/Tiltfile';

describe('a snapshot with Sessions in their last good state', () => {
  it('shows them to nobody as LIVE, not even for one revision', () => {
    const { store } = openStore();
    const states: string[] = [];
    store.subscribe(({ id, after }) => states.push(`${id} ${after?.connection.state}`));
    store.apply('test', {
      type: 'snapshot',
      sessions: [session('a'), session('b'), session('c')],
      stale: [
        { id: ID, error: 'a is broken' },
        { id: 'd/Tiltfile', error: 'd is broken' },
      ],
    });
    expect(states).toEqual(['a/Tiltfile stale', 'b/Tiltfile live', 'c/Tiltfile live']);
    expect(store.get(ID)?.connection.error).toBe('a is broken');
    expect(store.sources()).toMatchObject([{ state: 'stale', error: 'a is broken' }]);
  });

  it('keeps the time since when they are STALE, and is no revision if nothing else changed', async () => {
    const { store, clock } = openStore();
    store.apply('test', { type: 'snapshot', sessions: [session('a')] });
    store.apply('test', { type: 'stale', id: ID, error: 'broken' });
    const { connection } = store.get(ID) ?? {};
    await clock.advance(60_000);
    const before = store.revision;
    store.apply('test', { type: 'snapshot', sessions: [session('a')], stale: [{ id: ID, error: 'broken' }] });
    expect(store.get(ID)?.connection).toEqual(connection);
    expect(store.revision).toBe(before);
  });

  it('has one error for all, and the error of a Session counts before it', () => {
    const { store } = openStore();
    store.apply('test', {
      type: 'snapshot',
      sessions: [session('a'), session('b')],
      stale: [{ error: 'no folder' }, { id: ID, error: 'a is broken' }],
    });
    expect(store.ids().map((id) => store.get(id)?.connection.error)).toEqual(['a is broken', 'no folder']);
    expect(store.sources()).toMatchObject([{ state: 'stale', error: 'no folder' }]);
  });

  it('makes only those Sessions LIVE that are not STALE in it', () => {
    const ids = ['a', 'b', 'c'];
    fc.assert(
      fc.property(fc.array(fc.subarray(ids), { minLength: 2, maxLength: 6 }), (all) => {
        const { store } = openStore();
        const live = new Set<string>();
        store.subscribe(({ after }) => {
          if (after?.connection.state === 'live') live.add(after.instance);
        });
        for (const stale of all) {
          live.clear();
          store.apply('test', {
            type: 'snapshot',
            sessions: ids.map((instance) => session(instance)),
            stale: stale.map((instance) => ({ id: `${instance}/Tiltfile`, error: 'broken' })),
          });
          for (const instance of ids) {
            const state = store.get(`${instance}/Tiltfile`)?.connection.state;
            expect(state).toBe(stale.includes(instance) ? 'stale' : 'live');
          }
          expect(stale.filter((instance) => live.has(instance))).toEqual([]);
        }
      }),
    );
  });

  it('lets the source be LIVE again when its broken object is removed', () => {
    const { store } = openStore();
    store.apply('test', {
      type: 'snapshot',
      sessions: [session('a')],
      stale: [{ id: 'b/Tiltfile', error: 'no' }],
    });
    store.apply('test', { type: 'remove', id: 'b/Tiltfile' });
    expect(store.sources()).toMatchObject([{ state: 'live', error: null }]);
  });
});
