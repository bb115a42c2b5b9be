import { describe, expect, it } from 'vitest';
import { type Dependencies, trackDependencies } from '../../src/graphql/dependencies.js';
import type { ReadableStore } from '../../src/store/scoped.js';
import { createStore, type Store } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

function storeOf(...instances: string[]): Store {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  store.apply('test', { type: 'snapshot', sessions: instances.map((instance) => session(instance)) });
  return store;
}

/** Runs `read` on a store and returns its dependencies. */
function readsOf(store: Store, read: (tracked: ReadableStore) => unknown): Dependencies {
  const dependencies = trackDependencies(store);
  read(dependencies.store);
  return dependencies;
}

const change = (store: Store, instance: string) =>
  store.apply('test', { type: 'upsert', session: session(instance, { x: 'failed' }) });

describe('the dependencies of an execution', () => {
  it('do not change what the store returns', () => {
    const store = storeOf('a');
    const { store: tracked } = trackDependencies(store);
    expect(tracked.get('a/Tiltfile')).toBe(store.get('a/Tiltfile'));
    expect(tracked.ids()).toEqual(store.ids());
    expect(tracked.sources()).toEqual(store.sources());
    expect(tracked.revision).toBe(store.revision);
  });

  it('are fresh while nothing changes', () => {
    const store = storeOf('a');
    const dependencies = readsOf(store, (tracked) => [
      tracked.get('a/Tiltfile'),
      tracked.ids(),
      tracked.cursor(),
    ]);
    expect(dependencies.isFresh()).toBe(true);
  });

  it('on a Session are fresh until that Session changes', () => {
    const store = storeOf('a', 'b');
    const dependencies = readsOf(store, (tracked) => tracked.get('a/Tiltfile'));
    change(store, 'b');
    expect(dependencies.isFresh()).toBe(true);
    change(store, 'a');
    expect(dependencies.isFresh()).toBe(false);
  });

  it('on a Session that does not exist are fresh until it appears', () => {
    const store = storeOf('a');
    const dependencies = readsOf(store, (tracked) => tracked.get('b/Tiltfile'));
    change(store, 'a');
    expect(dependencies.isFresh()).toBe(true);
    change(store, 'b');
    expect(dependencies.isFresh()).toBe(false);
  });

  it('on the ids are fresh until an id is added or removed', () => {
    const store = storeOf('a');
    const dependencies = readsOf(store, (tracked) => tracked.ids());
    change(store, 'a');
    expect(dependencies.isFresh()).toBe(true);
    change(store, 'b');
    expect(dependencies.isFresh()).toBe(false);
  });

  it('on the sources are fresh until their status changes', () => {
    const store = storeOf('a');
    const dependencies = readsOf(store, (tracked) => tracked.sources());
    change(store, 'a');
    expect(dependencies.isFresh()).toBe(true);
    store.apply('test', { type: 'stale', error: 'connection refused' });
    expect(dependencies.isFresh()).toBe(false);
  });

  it('on anything else are fresh until anything changes', () => {
    const store = storeOf('a');
    const dependencies = readsOf(store, (tracked) => tracked.cursor());
    change(store, 'a');
    expect(dependencies.isFresh()).toBe(false);
  });

  it('on more than 64 Sessions are fresh until anything changes', () => {
    const many = Array.from({ length: 65 }, (_, index) => `i${index}`);
    const store = storeOf('a', ...many);
    const dependencies = (count: number) =>
      readsOf(store, (tracked) =>
        many.slice(0, count).map((instance) => tracked.get(`${instance}/Tiltfile`)),
      );
    const all = [dependencies(64), dependencies(65), readsOf(store, (tracked) => tracked.ids())];
    change(store, 'a');
    expect(all.map(({ isFresh }) => isFresh())).toEqual([true, false, false]);
  });

  it('of an execution that read before and after a change are not fresh', () => {
    const store = storeOf('a');
    const dependencies = readsOf(store, (tracked) => {
      tracked.get('a/Tiltfile');
      change(store, 'a');
      tracked.get('a/Tiltfile');
    });
    expect(dependencies.isFresh()).toBe(false);
  });
});
