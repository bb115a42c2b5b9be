import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Revision } from '../../src/store/journal.js';
import { createLastChanges } from '../../src/store/last-changes.js';
import { createStore, DEFAULT_RETAIN_MS, type StoreOptions } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

const IDS = ['a/Tiltfile', 'b/Tiltfile', 'c/Tiltfile'];
const LOG = 'log1';

function setUp(options: Partial<StoreOptions> = {}) {
  const store = createStore({ clock: createManualClock(), epoch: 'e', ...options });
  store.open('test');
  return store;
}

/** Resyncs replace the connections that only this gateway saw, for a cursor that others may have made. */
function hasNewState({ before, after, isResync }: Revision): boolean {
  return isResync === true || before?.status !== after?.status;
}

const SMALL = { journal: { revisions: 2 } };

describe('a store whose journal no longer reaches back', () => {
  it('resumes a reader exactly as one that keeps all revisions, or not at all', () => {
    const step = fc.record({
      session: fc.constantFrom('a', 'b', 'c'),
      what: fc.constantFrom('ready' as const, 'failed' as const, 'stale' as const, 'remove' as const),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, isShared) => {
        const options = isShared ? { sharedSource: 'test' } : {};
        const stores = [setUp({ ...SMALL, ...options }), setUp(options)] as const;
        const at = (number: number) => (isShared ? { at: { log: LOG, number } } : {});
        for (const store of stores)
          store.apply('test', { type: 'snapshot', sessions: [session('a'), session('b')], ...at(10) });
        const cursors = [stores[0].cursor()];
        steps.forEach(({ session: name, what }, index) => {
          const id = `${name}/Tiltfile`;
          for (const store of stores) {
            if (what === 'stale') store.apply('test', { type: 'stale', id, error: `error ${index}` });
            else if (what === 'remove') store.apply('test', { type: 'remove', id, ...at(20 + index) });
            else
              store.apply('test', { type: 'upsert', session: session(name, { x: what }), ...at(20 + index) });
          }
          cursors.push(stores[0].cursor());
        });
        for (const cursor of cursors) {
          for (const id of IDS) {
            const [resumed, expected] = stores.map(
              (store) =>
                store
                  .since(cursor, id)
                  ?.filter((revision) => revision.id === id && (!isShared || hasNewState(revision)))
                  .map(({ number, isResync }) => `${number} ${isResync ?? false}`) ?? null,
            );
            if (resumed !== null) expect(resumed).toEqual(expected);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['of a cursor of its own', {}],
    ['of a cursor of a log that several gateways read', { sharedSource: 'test' }],
  ])(
    'S4: a reader whose Session was quiet resumes after 100,000 revisions of others, without a payload: %s',
    (_, options) => {
      const store = setUp(options);
      store.apply('test', {
        type: 'snapshot',
        sessions: [session('a'), session('b')],
        at: { log: LOG, number: 1 },
      });
      store.apply('test', {
        type: 'upsert',
        session: session('a', { x: 'ready' }),
        at: { log: LOG, number: 2 },
      });
      const before = store.cursor();
      for (let index = 0; index < 100_000; index += 1) {
        const x = index % 2 === 0 ? 'ready' : 'failed';
        store.apply('test', {
          type: 'upsert',
          session: session('b', { x }),
          at: { log: LOG, number: 3 + index },
        });
      }
      const changes = (id: string) =>
        store.since(before, id)?.filter((revision) => revision.isResync !== true) ?? null;
      expect(changes('a/Tiltfile')).toEqual([]);
      expect(changes('b/Tiltfile')).toBeNull();
      expect(store.since(before)).toBeNull();
      const startsWithA = (id: string) => id.startsWith('a');
      expect(
        store.since(before, undefined, startsWithA)?.filter(({ isResync }) => isResync !== true),
      ).toEqual([]);
      expect(store.since(before, undefined, () => true)).toBeNull();
      store.apply('test', { type: 'upsert', session: session('a'), at: { log: LOG, number: 200_000 } });
      store.apply('test', { type: 'remove', id: 'a/Tiltfile', at: { log: LOG, number: 200_001 } });
      const cursor = store.cursor();
      expect(store.since(cursor, 'a/Tiltfile')?.filter(({ isResync }) => isResync !== true)).toEqual([]);
    },
  );
});

describe('a store of a shared log whose journal no longer reaches back', () => {
  const at = (number: number) => ({ at: { log: LOG, number } });
  const startsWithA = (id: string) => id.startsWith('a');

  /** A store with the Sessions `a`, changed at position 20, and `b`, whose changes only `busy` makes. */
  function setUpShared() {
    const clock = createManualClock();
    const store = createStore({ clock, epoch: 'e', sharedSource: 'test', ...SMALL });
    store.open('test');
    store.apply('test', { type: 'snapshot', sessions: [session('a'), session('b')], ...at(10) });
    store.apply('test', { type: 'upsert', session: session('a', { x: 'ready' }), ...at(20) });
    let position = 100;
    /** Changes of another Session, after which the journal has dropped all earlier revisions. */
    const busy = () => {
      for (const x of ['ready', 'failed', 'waiting', 'ready'] as const) {
        position += 1;
        store.apply('test', { type: 'upsert', session: session('b', { x }), ...at(position) });
      }
    };
    return { clock, store, busy };
  }

  it('S4: does not resume a reader of a Session that ended before the snapshot and is not in it', () => {
    const store = setUp({ ...SMALL, sharedSource: 'test' });
    store.apply('test', { type: 'snapshot', sessions: [session('b')], ...at(20) });
    expect(store.since('log1-10', 'a/Tiltfile')).toBeNull();
    expect(store.since('log1-10', undefined, startsWithA)).toBeNull();
    expect(store.since('log1-20', 'a/Tiltfile')).toEqual([]);
  });

  it('S4: does not resume a reader of a Session that has ended and was deleted since', async () => {
    const { clock, store, busy } = setUpShared();
    const cursor = store.cursor();
    store.apply('test', { type: 'upsert', session: session('a', { x: 'failed' }), ...at(21) });
    store.apply('test', { type: 'remove', id: 'a/Tiltfile', ...at(22) });
    busy();
    expect(store.since(cursor, 'a/Tiltfile')).toBeNull();
    await clock.advance(DEFAULT_RETAIN_MS);
    busy();
    expect(store.get('a/Tiltfile')).toBeNull();
    expect(store.since(cursor, 'a/Tiltfile')).toBeNull();
    expect(store.since(cursor, undefined, startsWithA)).toBeNull();
  });

  it('S4: does not resume a reader at a position before a state that only the store has replaced', () => {
    const { store, busy } = setUpShared();
    store.apply('test', { type: 'upsert', session: session('a', { x: 'failed' }) });
    busy();
    expect(store.since('log1-20', 'a/Tiltfile')).toBeNull();
  });

  it('S4: does not resume a reader of a Session that has left unread between two snapshots', () => {
    const { store, busy } = setUpShared();
    store.apply('test', { type: 'snapshot', sessions: [session('b')], ...at(22) });
    busy();
    expect(store.since('log1-21', 'a/Tiltfile')).toBeNull();
    expect(store.since('log1-22', 'a/Tiltfile')).toMatchObject([
      { isResync: true, after: { connection: { state: 'gone' } } },
    ]);
  });

  it('S4: remembers when a Session last changed although its publisher fell silent and came back', () => {
    const { store, busy } = setUpShared();
    store.apply('test', { type: 'stale', id: 'a/Tiltfile', error: 'silent' });
    store.apply('test', { type: 'upsert', session: session('a', { x: 'ready' }) });
    busy();
    expect(store.since('log1-15', 'a/Tiltfile')).toBeNull();
    expect(store.since('log1-20.1.other', 'a/Tiltfile')).toMatchObject([{ isResync: true }]);
  });
});

describe('createLastChanges', () => {
  it('counts the newest change of what it no longer remembers for every Session that it does not know', () => {
    const last = createLastChanges(2);
    for (const [index, id] of ['a', 'b', 'c'].entries()) last.record(id, index + 1, true, undefined);
    expect(last.isQuietSince({ revision: 0 }, 'a')).toBe(false);
    expect(last.isQuietSince({ revision: 1 }, 'a')).toBe(true);
    expect(last.isQuietSince({ revision: 2 }, 'c')).toBe(false);
  });

  it('does not know when a Session last changed within positions that a snapshot merges', () => {
    const last = createLastChanges();
    last.recordSnapshot('log', 1, true, () => {});
    last.record('a', 1, true, 2);
    last.record('alone', 2, true, undefined);
    last.recordSnapshot('log', 2, false, () => {});
    expect(last.isQuietSince({ position: 5 }, 'a')).toBe(true);
    last.recordSnapshot('log', 10, true, () => {});
    expect([5, 10].map((position) => last.isQuietSince({ position }, 'a'))).toEqual([false, true]);
    expect(last.isQuietSince({ position: 10 }, 'alone')).toBe(false);
  });

  it('does not compare positions of two logs', () => {
    const last = createLastChanges();
    last.recordSnapshot('old', 1, true, () => {});
    last.record('a', 1, true, 2);
    last.recordSnapshot('new', 900, true, () => {});
    expect(last.isQuietSince({ position: 500 }, 'a')).toBe(false);
    expect(last.isQuietSince({ position: 900 }, 'a')).toBe(true);
  });
});
