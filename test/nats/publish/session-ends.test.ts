import { describe, expect, it } from 'vitest';
import { elapsedSince } from '../../../src/lib/moment.js';
import type { SessionState } from '../../../src/nats/publish/owned-key.js';
import { createSessionEnds } from '../../../src/nats/publish/session-ends.js';
import { createStore, type Store } from '../../../src/store/store.js';
import { session } from '../../support/sessions.js';
import { createSteppedClock } from '../../support/stepped-clock.js';

const ID = 'ci/Tiltfile';
const OPEN = session('ci');
const DONE = session('ci', {}, { status: { done: true } });

function setUp(begin = DONE) {
  const clock = createSteppedClock();
  const store = createStore({ clock, epoch: 'test' });
  const ends = createSessionEnds(clock);
  store.open('source');
  store.subscribe(ends.record);
  store.apply('source', { type: 'snapshot', sessions: [begin] });
  return {
    clock,
    store,
    /** Time since the end that a state written now would have; null if it would be reached now. */
    age(connection: SessionState['connection'] = 'gone') {
      const record = store.get(ID);
      if (record === null) throw new Error(`expected a Session ${ID}`);
      const state: SessionState = { session: record, connection, error: null };
      const { endedAt } = ends.withEnd(state, record);
      return endedAt === undefined ? null : elapsedSince(endedAt, clock);
    },
  };
}

const lose = (store: Store) => store.apply('source', { type: 'stale', error: 'not JSON' });
const remove = (store: Store) => store.apply('source', { type: 'remove', id: ID });

describe('the time since the end of a Session', () => {
  it('counts from the loss of its connection if it was done, also after its removal', async () => {
    const { store, clock, age } = setUp();
    lose(store);
    await clock.advance(60_000);
    expect(age()).toBe(60_000);
    remove(store);
    await clock.advance(5_000);
    expect(age()).toBe(65_000);
  });

  it('is that of its STALE state if it was done: whoever copies that state dates the end from it', async () => {
    const { store, clock, age } = setUp(OPEN);
    remove(store);
    const since = new Date(clock.now() - 16_000).toISOString();
    const silence = { state: 'stale' as const, since, ageMs: 16_000, error: 'no heartbeat' };
    const connections = new Map([[ID, silence]]);
    store.apply('source', { type: 'snapshot', sessions: [DONE], connections });
    expect(age('stale')).toBe(16_000);
    await clock.advance(5_000);
    expect(age('stale')).toBe(21_000);
  });

  it('is not known of a STALE state without a result, which ends later', async () => {
    const { store, clock, age } = setUp(OPEN);
    lose(store);
    await clock.advance(60_000);
    expect(age('stale')).toBeNull();
  });

  it('is not known of a Session that was done and is LIVE', async () => {
    const { clock, age } = setUp();
    await clock.advance(60_000);
    expect(age('live')).toBeNull();
  });

  it('counts from its removal otherwise', async () => {
    const { store, clock, age } = setUp(OPEN);
    lose(store);
    await clock.advance(60_000);
    expect(age()).toBeNull();
    remove(store);
    await clock.advance(5_000);
    expect(age()).toBe(5_000);
  });

  it('is not known of a Session that continues', async () => {
    const { store, clock, age } = setUp();
    lose(store);
    await clock.advance(60_000);
    store.apply('source', { type: 'upsert', session: DONE });
    expect(age()).toBeNull();
  });

  it('does not depend on a wall clock that is set back', async () => {
    const { store, clock, age } = setUp();
    lose(store);
    clock.step(-7_200_000);
    await clock.advance(1_000);
    expect(age()).toBe(1_000);
  });

  it('contains the time for which the machine slept, in which only the wall clock continued', async () => {
    const { store, clock, age } = setUp(OPEN);
    remove(store);
    await clock.advance(1_000);
    clock.step(57_600_000);
    expect(age()).toBe(57_601_000);
  });

  it.each([
    ['49 minutes ago', 49 * 60_000],
    ['just now, by a clock that is two hours behind', 0],
  ])('is that of the log from which it was read: %s', async (_, ageMs) => {
    const { store, clock, age } = setUp(OPEN);
    lose(store);
    await clock.advance(60_000);
    const since = new Date(clock.now() - 7_200_000).toISOString();
    const connections = new Map([[ID, { state: 'gone' as const, since, ageMs, error: 'Tilt exited' }]]);
    store.apply('source', { type: 'snapshot', sessions: [DONE], connections });
    expect(age()).toBe(ageMs);
  });

  it('counts from the last word of a publisher that was never seen alive, if its run was done', async () => {
    const { store, clock, age } = setUp(OPEN);
    remove(store);
    const since = new Date(clock.now() - 7_200_000).toISOString();
    const silence = { state: 'stale' as const, since, ageMs: 259_200_000, error: 'no heartbeat' };
    const connections = new Map([[ID, silence]]);
    store.apply('source', { type: 'snapshot', sessions: [DONE], connections });
    await clock.advance(5_000);
    expect(age()).toBe(259_205_000);
  });

  it('counts from the loss of its connection if the log has expired it a week later', async () => {
    const { store, clock, age } = setUp();
    lose(store);
    await clock.advance(7 * 86_400_000);
    const since = new Date(clock.now()).toISOString();
    store.apply('source', { type: 'remove', id: ID, since, ageMs: Number.POSITIVE_INFINITY });
    expect(age()).toBe(7 * 86_400_000);
  });

  it('stays finite if the log has expired a Session that was not done', () => {
    const { store, clock, age } = setUp(OPEN);
    const since = new Date(clock.now() - 2_000).toISOString();
    store.apply('source', { type: 'remove', id: ID, since, ageMs: Number.POSITIVE_INFINITY });
    expect(age()).toBe(2_000);
  });
});
