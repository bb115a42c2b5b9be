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
  const received: string[] = [];
  return {
    store,
    errors,
    received,
    record: ({ id }: Revision) => received.push(id),
    apply: (...instances: string[]) =>
      store.apply('tilt', { type: 'snapshot', sessions: instances.map((name) => session(name)) }),
  };
}

describe('subscribers of the store', () => {
  it('receive every revision, or only those of one Session', () => {
    const { store, received, record, apply } = setUp();
    const ofB: string[] = [];
    store.subscribe(record);
    store.subscribe(({ id }) => ofB.push(id), B);
    apply('a', 'b');
    expect(received).toEqual([A, B]);
    expect(ofB).toEqual([B]);
  });

  it('may wait for a Session that does not exist yet, and are notified of its deletion', () => {
    const { store, record, received, apply } = setUp();
    store.subscribe(record, A);
    apply('a');
    apply();
    store.forget('tilt');
    expect(received).toEqual([A, A, A]);
  });

  it('are counted, and each is removed by its own function, which may be called repeatedly', () => {
    const { store, record, received, apply } = setUp();
    const ends = [store.subscribe(record), store.subscribe(record, A), store.subscribe(record, A)];
    expect(store.subscribers).toBe(3);
    ends[1]?.();
    ends[1]?.();
    expect(store.subscribers).toBe(2);
    apply('a');
    expect(received).toEqual([A, A]);
    for (const end of ends) end();
    expect(store.subscribers).toBe(0);
    store.subscribe(record, A);
    for (const end of ends) end();
    expect(store.subscribers).toBe(1);
  });

  it('receive nothing after the store was disposed', () => {
    const { store, record, received, apply } = setUp();
    store.subscribe(record);
    store.subscribe(record, A);
    store.dispose();
    apply('a');
    expect(received).toEqual([]);
    expect(store.subscribers).toBe(0);
  });
});

describe('U1 a store listener that throws an error', () => {
  it('affects neither the change nor the other listeners, and its error is reported', () => {
    const { store, errors, received, record, apply } = setUp();
    const fail = () => {
      throw new Error('boom');
    };
    store.subscribe(fail);
    store.subscribe(fail, B);
    store.onSources(fail);
    store.subscribe(record);
    store.subscribe(record, B);
    apply('a', 'b');
    expect(received).toEqual([A, B, B]);
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
