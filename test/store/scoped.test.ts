import { describe, expect, it } from 'vitest';
import { scopedStore } from '../../src/store/scoped.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

function setUp() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  for (const name of ['a', 'b']) {
    store.open(name);
    store.apply(name, { type: 'snapshot', sessions: [session(name)] });
  }
  return { store, scoped: scopedStore(store, (instance) => instance === 'a') };
}

describe('a scoped store', () => {
  it('contains no Sessions or sources of other instances', () => {
    const { store, scoped } = setUp();
    expect(scoped.ids()).toEqual(['a/Tiltfile']);
    expect(scoped.get('a/Tiltfile')).toBe(store.get('a/Tiltfile'));
    expect(scoped.get('b/Tiltfile')).toBeNull();
    expect(scoped.sources().map(({ name }) => name)).toEqual(['a']);
  });

  it('returns the same list of ids until it changes', () => {
    const { store, scoped } = setUp();
    expect(scoped.ids()).toBe(scoped.ids());
    store.apply('a', { type: 'upsert', session: session('a', {}, { name: 'other' }) });
    expect(scoped.ids()).toEqual(['a/Tiltfile', 'a/other']);
  });

  it('delivers no revisions of other instances, neither new nor missed ones', () => {
    const { store, scoped } = setUp();
    const since = scoped.cursor();
    const received: string[] = [];
    scoped.subscribe(({ id }) => received.push(id));
    scoped.subscribe(({ id }) => received.push(id), 'b/Tiltfile');
    store.apply('b', { type: 'upsert', session: session('b', { x: 'ready' }) });
    store.apply('a', { type: 'upsert', session: session('a', { x: 'ready' }) });
    store.apply('b', { type: 'remove', id: 'b/Tiltfile' });
    store.forget('b');
    expect(received).toEqual(['a/Tiltfile']);
    expect(scoped.since(since)?.map(({ id }) => id)).toEqual(['a/Tiltfile']);
    expect(scoped.since('unknown')).toBeNull();
  });

  it('has the revision and cursor of the whole store', () => {
    const { store, scoped } = setUp();
    expect([scoped.revision, scoped.cursor(), scoped.ready]).toEqual([
      store.revision,
      store.cursor(),
      store.ready,
    ]);
  });
});
