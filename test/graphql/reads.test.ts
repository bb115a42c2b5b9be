import { describe, expect, it } from 'vitest';
import { type Reads, trackReads } from '../../src/graphql/reads.js';
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

/** What was read by `read`. */
function readsOf(store: Store, read: (tracked: ReadableStore) => unknown): Reads {
  const reads = trackReads(store);
  read(reads.store);
  return reads;
}

const change = (store: Store, instance: string) =>
  store.apply('test', { type: 'upsert', session: session(instance, { x: 'failed' }) });

describe('what was read', () => {
  it('is what the store gives', () => {
    const store = storeOf('a');
    const { store: tracked } = trackReads(store);
    expect(tracked.get('a/Tiltfile')).toBe(store.get('a/Tiltfile'));
    expect(tracked.ids()).toEqual(store.ids());
    expect(tracked.sources()).toEqual(store.sources());
    expect(tracked.revision).toBe(store.revision);
  });

  it('is current while nothing changes', () => {
    const store = storeOf('a');
    const reads = readsOf(store, (tracked) => [tracked.get('a/Tiltfile'), tracked.ids(), tracked.cursor()]);
    expect(reads.areCurrent()).toBe(true);
  });

  it('of a Session is current until that one changes', () => {
    const store = storeOf('a', 'b');
    const reads = readsOf(store, (tracked) => tracked.get('a/Tiltfile'));
    change(store, 'b');
    expect(reads.areCurrent()).toBe(true);
    change(store, 'a');
    expect(reads.areCurrent()).toBe(false);
  });

  it('of a Session that was not there is current until it comes', () => {
    const store = storeOf('a');
    const reads = readsOf(store, (tracked) => tracked.get('b/Tiltfile'));
    change(store, 'a');
    expect(reads.areCurrent()).toBe(true);
    change(store, 'b');
    expect(reads.areCurrent()).toBe(false);
  });

  it('of the ids is current until one comes or goes', () => {
    const store = storeOf('a');
    const reads = readsOf(store, (tracked) => tracked.ids());
    change(store, 'a');
    expect(reads.areCurrent()).toBe(true);
    change(store, 'b');
    expect(reads.areCurrent()).toBe(false);
  });

  it('of the sources is current until what they say is different', () => {
    const store = storeOf('a');
    const reads = readsOf(store, (tracked) => tracked.sources());
    change(store, 'a');
    expect(reads.areCurrent()).toBe(true);
    store.apply('test', { type: 'stale', error: 'connection refused' });
    expect(reads.areCurrent()).toBe(false);
  });

  it('of anything else is current until anything changes', () => {
    const store = storeOf('a');
    const reads = readsOf(store, (tracked) => tracked.cursor());
    change(store, 'a');
    expect(reads.areCurrent()).toBe(false);
  });

  it('of more than 64 Sessions is current until anything changes', () => {
    const many = Array.from({ length: 65 }, (_, index) => `i${index}`);
    const store = storeOf('a', ...many);
    const reads = (count: number) =>
      readsOf(store, (tracked) =>
        many.slice(0, count).map((instance) => tracked.get(`${instance}/Tiltfile`)),
      );
    const all = [reads(64), reads(65), readsOf(store, (tracked) => tracked.ids())];
    change(store, 'a');
    expect(all.map(({ areCurrent }) => areCurrent())).toEqual([true, false, false]);
  });

  it('before a change and after it, in one execution, is not current', () => {
    const store = storeOf('a');
    const reads = readsOf(store, (tracked) => {
      tracked.get('a/Tiltfile');
      change(store, 'a');
      tracked.get('a/Tiltfile');
    });
    expect(reads.areCurrent()).toBe(false);
  });
});
