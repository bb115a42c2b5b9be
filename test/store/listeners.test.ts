import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Revision } from '../../src/store/journal.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

const A = 'a/Tiltfile';
const B = 'b/Tiltfile';

function setUp() {
  const errors: unknown[] = [];
  const store = createStore({
    clock: createManualClock(),
    epoch: 'e',
    onListenerError: (error) => errors.push(error),
  });
  store.open('tilt');
  const told: string[] = [];
  return {
    store,
    errors,
    told,
    note: ({ id }: Revision) => told.push(id),
    apply: (...instances: string[]) =>
      store.apply('tilt', { type: 'snapshot', sessions: instances.map((name) => session(name)) }),
  };
}

describe('subscribers of the store', () => {
  it('receive every revision, or only those of one Session', () => {
    const { store, told, note, apply } = setUp();
    const ofB: string[] = [];
    store.subscribe(note);
    store.subscribe(({ id }) => ofB.push(id), B);
    apply('a', 'b');
    expect(told).toEqual([A, B]);
    expect(ofB).toEqual([B]);
  });

  it('may wait for a Session that does not exist yet, and are notified of its deletion', () => {
    const { store, note, told, apply } = setUp();
    store.subscribe(note, A);
    apply('a');
    apply();
    store.forget('tilt');
    expect(told).toEqual([A, A, A]);
  });

  it('are counted, and each is removed by its own function, which may be called repeatedly', () => {
    const { store, note, told, apply } = setUp();
    const ends = [store.subscribe(note), store.subscribe(note, A), store.subscribe(note, A)];
    expect(store.subscribers).toBe(3);
    ends[1]?.();
    ends[1]?.();
    expect(store.subscribers).toBe(2);
    apply('a');
    expect(told).toEqual([A, A]);
    for (const end of ends) end();
    expect(store.subscribers).toBe(0);
    store.subscribe(note, A);
    for (const end of ends) end();
    expect(store.subscribers).toBe(1);
  });

  it('receive nothing after the store was disposed', () => {
    const { store, note, told, apply } = setUp();
    store.subscribe(note);
    store.subscribe(note, A);
    store.dispose();
    apply('a');
    expect(told).toEqual([]);
    expect(store.subscribers).toBe(0);
  });
});

describe('U1 a listener that throws', () => {
  it('affects neither the change nor the other listeners, and its error is reported', () => {
    const { store, errors, told, note, apply } = setUp();
    const fail = () => {
      throw new Error('boom');
    };
    store.subscribe(fail);
    store.subscribe(fail, B);
    store.onSources(fail);
    store.subscribe(note);
    store.subscribe(note, B);
    apply('a', 'b');
    expect(told).toEqual([A, B, B]);
    expect(store.ids()).toEqual([A, B]);
    expect(store.ready).toBe(true);
    expect(errors.map(String)).toEqual(Array(4).fill('Error: boom'));
  });

  it('causes a process warning when no error handler is set', async () => {
    const store = createStore({ clock: createManualClock(), epoch: 'e' });
    store.open('tilt');
    store.subscribe(() => {
      throw new Error('boom, as this test wants it');
    });
    const warned = once(process, 'warning');
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    expect(await warned).toMatchObject([{ message: 'boom, as this test wants it' }]);
    expect(store.ids()).toEqual([A]);
  });
});
