import { describe, expect, it } from 'vitest';
import { decodeResource } from '../../src/model/decode-facts.js';
import { NO_FACTS } from '../../src/model/facts.js';
import type { Session } from '../../src/model/session.js';
import type { JournalLimits, Revision } from '../../src/store/journal.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

function setUp(options: { retainMs?: number; journal?: Partial<JournalLimits> } = {}) {
  const clock = createManualClock();
  const store = createStore({ clock, epoch: 'e', ...options });
  const revisions: Revision[] = [];
  store.subscribe((revision) => revisions.push(revision));
  store.open('tilt');
  return { clock, store, revisions };
}

const A = 'a/Tiltfile';

describe('the store: Sessions', () => {
  it('returns the newest state by id, with sorted ids', () => {
    const { store } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('b'), session('a')] });
    store.apply('tilt', { type: 'upsert', session: session('a', { 'api:serve': 'ready' }) });
    expect(store.ids()).toEqual([A, 'b/Tiltfile']);
    expect(store.get(A)?.status.targets.map(({ name }) => name)).toEqual(['api:serve', 'tiltfile:update']);
    expect(store.get('nobody')).toBeNull();
  });

  it('creates one revision per applied change of a Session, with its target changes', () => {
    const { store, revisions } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a', { 'api:serve': 'waiting' })] });
    store.apply('tilt', { type: 'upsert', session: session('a', { 'api:serve': 'ready' }) });
    expect(
      revisions.map(({ id, changes }) => [id, changes.map(({ type, target }) => `${type} ${target.name}`)]),
    ).toEqual([
      [A, ['added api:serve', 'added tiltfile:update']],
      [A, ['modified api:serve']],
    ]);
    expect(revisions[1]?.number).toBeGreaterThan(revisions[0]?.number ?? Number.POSITIVE_INFINITY);
  });

  it('creates no revision for a no-op', () => {
    const { store, revisions } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    const before = store.get(A);
    store.apply('tilt', { type: 'upsert', session: session('a') });
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    expect(revisions).toHaveLength(1);
    expect(store.get(A)).toBe(before);
  });

  it('reuses unchanged targets', () => {
    const { store } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a', { x: 'waiting', y: 'ready' })] });
    const before = store.get(A)?.status.targets;
    store.apply('tilt', { type: 'upsert', session: session('a', { x: 'ready', y: 'ready' }) });
    const after = store.get(A)?.status.targets;
    expect(after?.find(({ name }) => name === 'y')).toBe(before?.find(({ name }) => name === 'y'));
    expect(after?.find(({ name }) => name === 'x')).not.toBe(before?.find(({ name }) => name === 'x'));
  });

  it('distinguishes a change of the Session itself from bookkeeping', () => {
    const { store, revisions } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    store.apply('tilt', { type: 'upsert', session: session('a', {}, { resourceVersion: '7' }) });
    store.apply('tilt', {
      type: 'upsert',
      session: session('a', {}, { resourceVersion: '8', status: { done: true } }),
    });
    expect(revisions.map(({ sessionChanged }) => sessionChanged)).toEqual([true, false, true]);
  });

  it.each([
    ['an update', { type: 'upsert', session: session('a') }],
    ['a snapshot', { type: 'snapshot', sessions: [session('a')] }],
  ] as const)(
    'leaves the status of a source as it is when it repeats a rejected Session in %s',
    async (_, repeated) => {
      const { store, clock } = setUp();
      store.open('file');
      store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
      store.apply('file', { type: 'snapshot', sessions: [session('a')] });
      const before = { sources: store.sources(), revision: store.revision };
      await clock.advance(1_000);
      store.apply('file', repeated);
      expect({ sources: store.sources(), revision: store.revision }).toEqual(before);
    },
  );

  it('clears the error of a source that provides a Session again, although another source has it', () => {
    const { store } = setUp();
    store.open('file');
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    store.apply('file', { type: 'snapshot', sessions: [] });
    store.apply('file', { type: 'stale', error: 'the file cannot be read' });
    store.apply('file', { type: 'upsert', session: session('a') });
    expect(store.sources().find(({ name }) => name === 'file')?.error).toMatch(/^a\/Tiltfile already comes/);
  });

  it('rejects a Session that another source provides, with an error at the source', () => {
    const { store } = setUp();
    store.open('file');
    store.apply('tilt', { type: 'snapshot', sessions: [session('a', { x: 'ready' })] });
    store.apply('file', { type: 'snapshot', sessions: [session('a')] });
    expect(store.get(A)?.source).toBe('tilt');
    expect(store.sources().find(({ name }) => name === 'file')).toMatchObject({
      state: 'stale',
      error:
        'a/Tiltfile already comes from the source tilt; each Session needs an id of its own: rename the source, or in a folder the file',
    });
  });

  it('knows a source as readable from its first snapshot on, except while it has an error as a whole', () => {
    const { store } = setUp();
    expect(store.isReadable('tilt')).toBe(false);
    store.apply('tilt', { type: 'snapshot', sessions: [session('a'), session('b')] });
    expect(store.isReadable('tilt')).toBe(true);
    store.apply('tilt', { type: 'stale', error: 'its publisher is silent', id: A });
    expect([store.isReadable('tilt'), store.sources()[0]?.state]).toEqual([true, 'stale']);
    store.apply('tilt', { type: 'stale', error: 'the broker cannot be reached' });
    expect(store.isReadable('tilt')).toBe(false);
    store.apply('tilt', { type: 'snapshot', sessions: [session('a'), session('b')] });
    expect(store.isReadable('tilt')).toBe(true);
    store.close('tilt', 'it ended');
    expect(store.isReadable('tilt')).toBe(false);
  });
});

describe('the store: target history', () => {
  it('records transitions with the time at which the gateway received them', async () => {
    const { clock, store } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a', { x: 'waiting' })] });
    await clock.advance(1_000);
    store.apply('tilt', { type: 'upsert', session: session('a', { x: 'running' }) });
    const [x] = store.get(A)?.status.targets.filter(({ name }) => name === 'x') ?? [];
    expect(x?.history.map(({ time, state }) => [time, state.is])).toEqual([
      ['2026-11-22T12:00:00.000Z', 'waiting'],
      ['2026-11-22T12:00:01.000Z', 'active'],
    ]);
  });

  it('keeps at most fifty transitions', () => {
    const { store } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    for (let round = 0; round < 40; round += 1) {
      store.apply('tilt', { type: 'upsert', session: session('a', { x: 'running' }) });
      store.apply('tilt', { type: 'upsert', session: session('a', { x: 'failed' }) });
    }
    const x = store.get(A)?.status.targets.find(({ name }) => name === 'x');
    expect(x?.history).toHaveLength(50);
    expect(x?.history.at(-1)?.state.is).toBe('terminated');
  });

  it('starts again with a new run of Tilt, which is no change of an equal target', () => {
    const { store, revisions } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a', { x: 'waiting', y: 'ready' })] });
    store.apply('tilt', { type: 'upsert', session: session('a', { x: 'ready', y: 'ready' }) });
    store.apply('tilt', {
      type: 'upsert',
      session: session('a', { x: 'waiting', y: 'ready' }, { uid: 'run-2' }),
    });
    const targets = store.get(A)?.status.targets ?? [];
    expect(targets.map(({ history }) => history.length)).toEqual([1, 1, 1]);
    expect(revisions.at(-1)?.changes.map(({ target }) => target.name)).toEqual(['x']);
  });
});

describe('the store: connection', () => {
  it('is STALE with a reason and a time, and LIVE again after the next snapshot', async () => {
    const { clock, store } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    await clock.advance(5_000);
    store.apply('tilt', { type: 'stale', error: 'connection refused' });
    await clock.advance(5_000);
    store.apply('tilt', { type: 'stale', error: 'still refused' });
    expect(store.get(A)?.connection).toEqual({
      state: 'stale',
      since: '2026-11-22T12:00:05.000Z',
      error: 'still refused',
    });
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    expect(store.get(A)?.connection).toEqual({
      state: 'live',
      since: '2026-11-22T12:00:10.000Z',
      error: null,
    });
  });

  it('is STALE for a single Session whose newest object could not be decoded', () => {
    const { store } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a'), session('b')] });
    store.apply('tilt', { type: 'stale', id: A, error: 'status.pid: expected …' });
    expect(store.get(A)?.connection.state).toBe('stale');
    expect(store.get('b/Tiltfile')?.connection.state).toBe('live');
    expect(store.sources()).toMatchObject([{ state: 'stale', error: 'status.pid: expected …' }]);
    store.apply('tilt', { type: 'upsert', session: session('a') });
    expect(store.sources()).toMatchObject([{ state: 'live', error: null }]);
  });

  it.each(['removed', 'missing from a snapshot', 'of a source that closed'])(
    'is GONE for a Session %s, which stays readable for its retention time',
    async (how) => {
      const { clock, store } = setUp({ retainMs: 60_000 });
      store.apply('tilt', { type: 'snapshot', sessions: [session('a', { x: 'ready' })] });
      if (how === 'removed') store.apply('tilt', { type: 'remove', id: A });
      else if (how === 'of a source that closed') store.close('tilt', 'Tilt has left');
      else store.apply('tilt', { type: 'snapshot', sessions: [] });
      expect(store.get(A)?.connection).toMatchObject({ state: 'gone', error: expect.any(String) });
      await clock.advance(59_999);
      expect(store.get(A)?.status.targets).toHaveLength(2);
      await clock.advance(1);
      expect(store.get(A)).toBeNull();
      expect(store.ids()).toEqual([]);
      expect(clock.pending).toBe(0);
    },
  );

  it('is LIVE again when a GONE Session returns in time', async () => {
    const { clock, store } = setUp({ retainMs: 60_000 });
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    store.close('tilt', 'Tilt has left');
    store.open('tilt');
    store.apply('tilt', { type: 'snapshot', sessions: [session('a', {}, { uid: 'run-2' })] });
    expect(store.get(A)?.connection.state).toBe('live');
    await clock.advance(120_000);
    expect(store.get(A)).not.toBeNull();
  });

  it('stays GONE until its retention time ends if a later state of it cannot be applied', async () => {
    const { clock, store } = setUp({ retainMs: 60_000 });
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    store.apply('tilt', { type: 'remove', id: A });
    const broken: Session = {
      ...session('a'),
      get status(): never {
        throw new Error('it cannot be read');
      },
    };
    expect(() => store.apply('tilt', { type: 'upsert', session: broken })).toThrow('it cannot be read');
    store.apply('tilt', { type: 'stale', error: 'the watch was ended' });
    expect(store.get(A)?.connection.state).toBe('gone');
    await clock.advance(60_000);
    expect(store.get(A)).toBeNull();
  });

  it('stays GONE, not STALE, when an error follows', () => {
    const { store } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    store.apply('tilt', { type: 'remove', id: A });
    store.apply('tilt', { type: 'stale', error: 'refused' });
    expect(store.get(A)?.connection.state).toBe('gone');
  });

  it('is never LIVE in between when a state arrives with its recorded connection and time', () => {
    const { store, revisions } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [] });
    const since = '2026-11-22T11:00:00.000Z';
    const connection = { state: 'gone', since, error: 'its command ended' } as const;
    const done = (targets = {}) => session('a', targets, { status: { done: true } });
    store.apply('tilt', { type: 'upsert', session: done(), connection });
    expect(revisions.map(({ after }) => after?.connection)).toEqual([connection]);

    // A repeated record of the same result keeps the time of the first one. Another run has its own time.
    const later = { ...connection, since: '2026-11-22T11:00:09.000Z' };
    store.apply('tilt', { type: 'upsert', session: done({ api: 'ready' }), connection: later });
    expect(store.get(A)?.connection).toEqual(connection);
    store.apply('tilt', { type: 'upsert', session: session('a', {}, { uid: 'run-2' }), connection: later });
    expect(store.get(A)?.connection).toEqual(later);
    expect(revisions).toHaveLength(3);
  });

  it('ends with the deletion of a Session that was recorded as GONE, unless it returns in time', async () => {
    const { clock, store } = setUp({ retainMs: 1_000 });
    const connection = {
      state: 'gone',
      since: '2026-11-22T11:00:00.000Z',
      error: 'its command ended',
    } as const;
    store.apply('tilt', { type: 'snapshot', sessions: [] });
    store.apply('tilt', { type: 'upsert', session: session('a'), connection });
    store.apply('tilt', { type: 'upsert', session: session('b'), connection });
    store.apply('tilt', { type: 'upsert', session: session('b', {}, { uid: 'run-2' }) });
    await clock.advance(1_000);
    expect(store.ids()).toEqual(['b/Tiltfile']);
  });

  it('of a removed Session has the end time that its source recorded', () => {
    const { store } = setUp();
    const since = '2026-11-22T11:00:00.000Z';
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    store.apply('tilt', { type: 'remove', id: A, reason: 'it was deleted from the bucket', since });
    expect(store.get(A)?.connection).toMatchObject({ state: 'gone', since });
  });

  it('of a run that was done dates from the loss of its connection, not from its later removal', async () => {
    const { clock, store } = setUp();
    const done = session('a', {}, { status: { done: true } });
    store.apply('tilt', { type: 'snapshot', sessions: [done, session('b')] });
    store.apply('tilt', { type: 'stale', error: 'its publisher has not been heard of for 15 s' });
    const lostAt = store.get(A)?.connection.since;
    await clock.advance(86_400_000);
    store.apply('tilt', { type: 'remove', id: A, reason: "the bucket's age limit has ended it" });
    store.apply('tilt', { type: 'remove', id: 'b/Tiltfile' });
    expect(store.get(A)?.connection).toMatchObject({ state: 'gone', since: lostAt });
    expect(store.get('b/Tiltfile')?.connection).toMatchObject({
      state: 'gone',
      since: '2026-11-23T12:00:00.000Z',
    });
  });

  it('ends with the deletion of the GONE Sessions of a source on request', () => {
    const { clock, store } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    store.close('tilt', 'a Tilt has appeared');
    store.forget('tilt');
    expect(store.get(A)).toBeNull();
    expect(clock.pending).toBe(0);
  });
});

describe('the store: sources', () => {
  it('are ready when each has delivered a snapshot, or is optional and has failed', () => {
    const { store } = setUp();
    store.open('crashed', { optional: true });
    expect(store.ready).toBe(false);
    store.apply('tilt', { type: 'snapshot', sessions: [] });
    expect(store.ready).toBe(false);
    store.apply('crashed', { type: 'stale', error: 'refused' });
    expect(store.ready).toBe(true);
    store.apply('tilt', { type: 'stale', error: 'refused' });
    expect(store.ready).toBe(true);
  });

  it('cause no notification for a no-op', () => {
    const { store } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    const { revision } = store;
    let notifications = 0;
    store.onSources(() => {
      notifications += 1;
    });
    store.apply('tilt', { type: 'upsert', session: session('a') });
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    expect([store.revision, notifications]).toEqual([revision, 0]);
    store.apply('tilt', { type: 'upsert', session: session('a', { x: 'ready' }) });
    expect([store.revision, notifications]).toEqual([revision + 1, 0]);
    store.apply('tilt', { type: 'upsert', session: session('b') });
    store.apply('tilt', { type: 'stale', error: 'refused' });
    store.apply('tilt', { type: 'stale', error: 'still refused' });
    expect(notifications).toBe(3);
  });

  it('cause a notification when the first snapshot changes nothing but readiness', () => {
    const { store } = setUp();
    store.apply('tilt', { type: 'upsert', session: session('a') });
    const readiness: boolean[] = [];
    store.onSources(() => readiness.push(store.ready));
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    expect(readiness).toEqual([true]);
  });

  it('need unique names, and changes of a closed source are ignored', () => {
    const { store } = setUp();
    expect(() => store.open('tilt')).toThrow('A source named tilt is already open.');
    store.close('tilt', 'over');
    store.close('tilt', 'over');
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    expect(store.ids()).toEqual([]);
    expect(store.sources()).toEqual([]);
  });
});

describe('the store: journal', () => {
  it('returns the revisions after a cursor, in order', () => {
    const { store, revisions } = setUp();
    store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
    const cursor = store.cursor();
    store.apply('tilt', { type: 'upsert', session: session('a', { x: 'waiting' }) });
    store.apply('tilt', { type: 'upsert', session: session('a', { x: 'ready' }) });
    expect(store.since(cursor)).toEqual(revisions.slice(1));
    expect(store.since(store.cursor())).toEqual([]);
  });

  it.each(['', 'nonsense', 'other-1', 'e-999999', 'e--1', 'e-1.5'])(
    'does not know the cursor %j',
    (cursor) => {
      const { store } = setUp();
      store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
      expect(store.since(cursor)).toBeNull();
    },
  );

  it('drops the oldest revisions beyond its limits, and then returns null', () => {
    for (const journal of [
      { revisions: 3, listed: 1_000 },
      { revisions: 1_000, listed: 9 },
      { revisions: 1_000, listed: 1_000, changes: 5 },
    ]) {
      const { store } = setUp({ journal });
      store.apply('tilt', { type: 'snapshot', sessions: [session('a')] });
      const early = store.cursor();
      const cursors = ['waiting', 'running', 'ready', 'failed'].map((state) => {
        store.apply('tilt', {
          type: 'upsert',
          session: session('a', { x: state === 'ready' ? 'ready' : 'failed', [state]: 'ready' }),
        });
        return store.cursor();
      });
      expect(store.since(early)).toBeNull();
      expect(store.since(cursors.at(-2) ?? '')).toHaveLength(1);
    }
  });

  it('counts the resources of a Session, whose list each revision keeps', () => {
    const { store } = setUp({ journal: { listed: 250 } });
    const resources = Array.from({ length: 100 }, (_, index) =>
      decodeResource({ metadata: { name: `r${index}` } }),
    );
    const cursors = (['waiting', 'running', 'ready'] as const).map((x) => {
      const facts = { ...NO_FACTS, resources };
      store.apply('tilt', { type: 'upsert', session: { ...session('a', { x }), facts } });
      return store.cursor();
    });
    expect(cursors.map((cursor) => store.since(cursor)?.length)).toEqual([2, 1, 0]);
    store.apply('tilt', { type: 'upsert', session: { ...session('a'), facts: { ...NO_FACTS, resources } } });
    expect(cursors.map((cursor) => store.since(cursor)?.length)).toEqual([undefined, 2, 1]);
  });

  it('counts the memory of states, as far as their source knows it', () => {
    const { store } = setUp({ journal: { bytes: 40 } });
    const cursors = [10, 10, undefined, 10, 10].map((bytes, index) => {
      const newer = session('a', {}, { resourceVersion: `${index}` });
      store.apply('tilt', { type: 'upsert', session: newer, ...(bytes && { bytes }) });
      return store.cursor();
    });
    expect(cursors.map((cursor) => store.since(cursor)?.length)).toEqual([4, 3, 2, 1, 0]);
    store.apply('tilt', { type: 'upsert', session: session('a'), bytes: 20 });
    expect(cursors.map((cursor) => store.since(cursor)?.length)).toEqual([undefined, 4, 3, 2, 1]);
  });
});
