import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionId } from '../../src/model/session.js';
import type { LogChange } from '../../src/nats/log-change.js';
import { CATCH_UP_MS } from '../../src/store/cursors.js';
import type { Revision } from '../../src/store/journal.js';
import type { SessionRecord } from '../../src/store/record.js';
import { createStore, DEFAULT_RETAIN_MS, type Store } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

const LOG = 'log1';
const SOURCE = 'bucket';

function at(number: number, log = LOG) {
  return { log, number };
}

function setUp(epoch = 'e1') {
  const clock = createManualClock();
  const store = createStore({ clock, epoch, sharedSource: SOURCE });
  store.open(SOURCE);
  return { clock, store };
}

/** A change of the log: the Session of an instance is written or removed. */
interface Write {
  readonly instance: string;
  readonly version: number | null;
}

function changeOf({ instance, version }: Write, number: number): LogChange {
  if (version === null) return { type: 'remove', id: `${instance}/Tiltfile`, at: at(number) };
  return {
    type: 'upsert',
    session: session(instance, {}, { resourceVersion: String(version) }),
    at: at(number),
  };
}

/**
 * How a store reads the log: a snapshot of the first `merged` changes, followed by those up to `read`, then
 * single changes.
 */
interface Way {
  readonly merged: number;
  readonly read: number;
  /** Positions (from 0) before which the connection of the source breaks. */
  readonly breaks: readonly number[];
}

const anyWrites = fc.array(
  fc.record({ instance: fc.constantFrom('a', 'b', 'c'), version: fc.option(fc.nat(5)) }),
  { minLength: 1, maxLength: 20 },
);
const anyWay = fc.record({
  merged: fc.nat(5),
  read: fc.nat(20),
  breaks: fc.uniqueArray(fc.nat(20), { maxLength: 3 }),
});

/** Applies a log; `onApplied` is called after the snapshot and after each single change. */
function applyLog(store: Store, writes: readonly Write[], way: Way, onApplied = (_: number) => {}): void {
  const merged = Math.min(way.merged, writes.length);
  const read = Math.min(Math.max(way.read, merged), writes.length);
  const newest = new Map<string, Write>();
  for (const write of writes.slice(0, merged)) newest.set(write.instance, write);
  const present = [...newest.values()].filter(({ version }) => version !== null);
  store.apply(SOURCE, {
    type: 'snapshot',
    sessions: present.map(({ instance, version }) =>
      session(instance, {}, { resourceVersion: String(version) }),
    ),
    at: at(merged),
    followedBy: writes.slice(merged, read).map((write, index) => changeOf(write, merged + index + 1)),
  });
  onApplied(read);
  writes.slice(read).forEach((write, index) => {
    const number = read + index + 1;
    if (way.breaks.includes(number)) store.apply(SOURCE, { type: 'stale', error: 'the connection broke' });
    store.apply(SOURCE, changeOf(write, number));
    onApplied(number);
  });
}

/** Version of each Session in the log. STALE connections are not in the log. */
type Contents = Map<SessionId, string>;

function contentsOf(store: Store): Contents {
  return fold(
    new Map(),
    store.ids().map((id) => ({ id, after: store.get(id) })),
  );
}

function fold(
  contents: Contents,
  revisions: readonly { id: SessionId; after: SessionRecord | null }[],
): Contents {
  const folded = new Map(contents);
  for (const { id, after } of revisions) {
    // One gateway may still keep a GONE Session that the other has never received.
    if (after === null || after.connection.state === 'gone') folded.delete(id);
    else folded.set(id, after.metadata.resourceVersion ?? '');
  }
  return folded;
}

function positionIn(cursor: string): number {
  return Number(/^log1-(\d+)/.exec(cursor)?.[1]);
}

/** Revisions after a cursor, without connection resyncs. */
function missedBy(store: Store, cursor: string): Revision[] | null {
  return store.since(cursor)?.filter(({ isResync }) => !isResync) ?? null;
}

describe('stores that read the same log', () => {
  it('have the same cursors', () => {
    const stores = ['e1', 'e2'].map((epoch) => setUp(epoch).store);
    const [one, other] = stores;
    one?.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(4) });
    other?.apply(SOURCE, { type: 'snapshot', sessions: [], at: at(2) });
    other?.apply(SOURCE, changeOf({ instance: 'a', version: null }, 3));
    other?.apply(SOURCE, { type: 'upsert', session: session('a'), at: at(4) });
    for (const number of [5, 8]) {
      for (const store of stores) store.apply(SOURCE, changeOf({ instance: 'a', version: number }, number));
      expect(stores.map((store) => store.cursor())).toEqual([`log1-${number}`, `log1-${number}`]);
    }
  });

  it('return exactly the missed changes for a cursor of the other store, however each has read the log', () => {
    fc.assert(
      fc.property(anyWrites, anyWay, anyWay, (writes, way, otherWay) => {
        const one = setUp('e1').store;
        const other = setUp('e2').store;
        applyLog(other, writes, otherWay);
        applyLog(one, writes, way, () => {
          const missed = missedBy(other, one.cursor());
          // Of merged changes, only the final state can be delivered.
          if (missed === null) expect(positionIn(one.cursor())).toBeLessThan(otherWay.merged);
          else expect(fold(contentsOf(one), missed)).toEqual(contentsOf(other));
        });
        expect(contentsOf(one)).toEqual(contentsOf(other));
      }),
      { numRuns: 300 },
    );
  });

  it('deliver no change of the log twice', () => {
    fc.assert(
      fc.property(anyWrites, anyWay, (writes, way) => {
        const one = setUp('e1').store;
        const other = setUp('e2').store;
        const received: Revision[] = [];
        other.subscribe((revision) => received.push(revision));
        applyLog(other, writes, { merged: 0, read: 0, breaks: [] });
        applyLog(one, writes, { ...way, breaks: [] }, () => {
          const missed = missedBy(other, one.cursor()) ?? [];
          expect(missed).toEqual(received.slice(received.length - missed.length));
          for (const { before, after } of missed) expect(before).not.toBe(after);
        });
        expect(missedBy(other, one.cursor())).toEqual([]);
      }),
    );
  });

  it('deliver revisions that only the other store made again', () => {
    const one = setUp('e1').store;
    const other = setUp('e2').store;
    for (const store of [one, other]) {
      store.apply(SOURCE, { type: 'snapshot', sessions: [session('a'), session('b')], at: at(4) });
      store.apply(SOURCE, changeOf({ instance: 'b', version: 5 }, 5));
      store.apply(SOURCE, { type: 'stale', id: 'a/Tiltfile', error: 'silent' });
    }
    expect(one.cursor()).toMatch(/^log1-5\.\d+\.e1$/);
    expect(missedBy(one, one.cursor())).toEqual([]);
    expect(missedBy(other, one.cursor())).toMatchObject([
      { id: 'a/Tiltfile', after: { connection: { state: 'stale' } } },
    ]);
  });

  it('end with the connection of each Session when the cursor may come from another store', () => {
    const one = setUp('e1').store;
    const other = setUp('e2').store;
    for (const store of [one, other]) {
      store.apply(SOURCE, { type: 'snapshot', sessions: [session('a'), session('b')], at: at(4) });
    }
    // Stale at one gateway only; later live again at the first.
    other.apply(SOURCE, { type: 'stale', id: 'a/Tiltfile', error: 'silent' });
    const links = (store: Store, cursor: string, id?: string) =>
      store
        .since(cursor, id)
        ?.map(({ after, sessionChanged }) => [after?.id, after?.connection.state, sessionChanged]);
    expect(links(other, 'log1-4', 'a/Tiltfile')?.at(-1)).toEqual(['a/Tiltfile', 'stale', true]);
    expect(links(one, other.cursor(), 'a/Tiltfile')).toEqual([['a/Tiltfile', 'live', true]]);
    expect(links(one, other.cursor())).toHaveLength(2);
    expect(links(one, one.cursor())).toEqual([]);
  });

  it('reject cursors of another log, and of their own log after it was recreated', () => {
    const { store } = setUp();
    store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(4) });
    const cursor = 'log1-4';
    expect(missedBy(store, cursor)).toEqual([]);
    expect(missedBy(store, 'log2-4')).toBeNull();
    store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(9, 'log2') });
    expect(missedBy(store, cursor)).toBeNull();
    expect(missedBy(store, 'log2-9')).toEqual([]);
  });

  it('ignore the positions of a source that is not the shared one', () => {
    const store = createStore({ clock: createManualClock(), epoch: 'e1' });
    store.open(SOURCE);
    store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(4) });
    store.apply(SOURCE, changeOf({ instance: 'a', version: 7 }, 5));
    expect(store.cursor()).toMatch(/^e1-\d+$/);
    expect(store.catchUp('log1-9')).toBeNull();
  });
});

describe('a Session of a log that is GONE', () => {
  const since = '2026-11-22T11:00:00.000000Z';
  const ended = (ageMs: number) => ({ state: 'gone' as const, since, error: 'tilt exited', ageMs });
  const ID = 'a/Tiltfile';

  it.each<[string, (store: Store) => void]>([
    [
      'a snapshot',
      (store) => {
        const connections = new Map([[ID, ended(1_000)]]);
        store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], connections, at: at(1) });
      },
    ],
    [
      'a change',
      (store) => {
        store.apply(SOURCE, { type: 'snapshot', sessions: [], at: at(0) });
        store.apply(SOURCE, { type: 'upsert', session: session('a'), connection: ended(1_000), at: at(1) });
      },
    ],
    [
      'a removal',
      (store) => {
        store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(0) });
        store.apply(SOURCE, { type: 'remove', id: ID, since, ageMs: 1_000, at: at(1) });
      },
    ],
  ])('S3: is deleted by every store at the same time, whenever each has read it: %s', async (_, read) => {
    const { clock, store } = setUp();
    read(store);
    expect(store.get(ID)?.connection).toMatchObject({ state: 'gone', since });
    expect(store.get(ID)?.connection).not.toHaveProperty('ageMs');
    await clock.advance(DEFAULT_RETAIN_MS - 1_001);
    expect(store.get(ID)).not.toBeNull();
    await clock.advance(1);
    expect(store.get(ID)).toBeNull();
  });

  it.each([
    ['before both', 0],
    ['between them', 1],
    ['after both', 2],
  ])('S6: ended when its result did, not its relay before: a store that starts %s', (_, read) => {
    const { store } = setUp();
    const relayEnd = '2026-11-22T10:00:00.000000Z';
    const changes: LogChange[] = [
      { type: 'upsert', session: session('a'), connection: { ...ended(0), since: relayEnd }, at: at(1) },
      {
        type: 'upsert',
        session: session('a', {}, { status: { done: true } }),
        connection: ended(0),
        at: at(2),
      },
    ];
    const followedBy = changes.slice(0, read);
    store.apply(SOURCE, { type: 'snapshot', sessions: [], at: at(0), upTo: at(read), followedBy });
    for (const change of changes.slice(read)) store.apply(SOURCE, change);
    expect(store.get(ID)?.connection.since).toBe(since);
    // The same result, written again with a less exact age.
    const again = { ...ended(1_000), since: '2026-11-22T10:59:59.000000Z' };
    const done = session('a', {}, { status: { done: true } });
    store.apply(SOURCE, { type: 'upsert', session: done, connection: again, at: at(3) });
    expect(store.get(ID)?.connection.since).toBe(since);
  });

  it('is deleted at once, at the position of the deletion, when the log has nothing of it any more', () => {
    const { store } = setUp();
    store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(0) });
    store.apply(SOURCE, { type: 'upsert', session: session('a'), connection: ended(1_000), at: at(1) });
    const cursors: string[] = [];
    store.subscribe(() => cursors.push(store.cursor()));
    store.apply(SOURCE, { type: 'remove', id: ID, since, ageMs: Number.POSITIVE_INFINITY, at: at(2) });
    expect(store.ids()).toEqual([]);
    // With the cursor of this gateway alone, a client could not resume at another one.
    expect(cursors).toEqual(['log1-2']);
    expect(missedBy(store, 'log1-1')).toMatchObject([{ id: ID, after: null }]);
    expect(missedBy(store, 'log1-2')).toEqual([]);
  });

  it('shows its result before it is deleted, also if its retention time is over', async () => {
    const { clock, store } = setUp();
    store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(0) });
    const states: (string | null)[] = [];
    store.subscribe(({ after }) => states.push(after?.connection.state ?? null));
    const connection = ended(2 * DEFAULT_RETAIN_MS);
    store.apply(SOURCE, { type: 'upsert', session: session('a'), connection, at: at(1) });
    expect(states).toEqual(['gone']);
    await clock.advance(0);
    expect(states).toEqual(['gone', null]);
  });
});

describe('a gap in the states of a Session', () => {
  const write = (
    instance: string,
    number: number,
    phase: 'ready' | 'waiting',
    more: object = {},
  ): LogChange => ({
    type: 'upsert',
    session: session(instance, { x: phase }),
    at: at(number),
    ...more,
  });

  it('S4: leads to a reset for clients that may know a state in it, although the state is the same after it', () => {
    const { store } = setUp();
    store.apply(SOURCE, { type: 'snapshot', sessions: [], at: at(0) });
    store.apply(SOURCE, write('a', 100, 'waiting'));
    store.apply(SOURCE, write('b', 105, 'waiting'));
    store.apply(SOURCE, write('a', 107, 'waiting', { unknownAfter: 100 }));
    const resumes = (number: number, id: string) => store.since(`${LOG}-${number}`, id) !== null;
    expect(resumes(105, 'a/Tiltfile')).toBe(false);
    expect([100, 107].map((number) => resumes(number, 'a/Tiltfile'))).toEqual([true, true]);
    // The other Session has none.
    expect(resumes(105, 'b/Tiltfile')).toBe(true);
    expect(store.since(`${LOG}-105`)).toBeNull();
  });

  it('S4: leads to a reset also if a snapshot after a break begins in it', () => {
    const { store } = setUp();
    store.apply(SOURCE, { type: 'snapshot', sessions: [], at: at(0) });
    store.apply(SOURCE, write('a', 100, 'waiting'));
    store.apply(SOURCE, write('b', 105, 'waiting'));
    store.apply(SOURCE, { type: 'stale', error: 'the connection broke' });
    const sessions = ['a', 'b'].map((instance) => session(instance, { x: 'waiting' }));
    store.apply(SOURCE, { type: 'snapshot', sessions, at: at(107), unknownAfter: 100 });
    expect(store.since(`${LOG}-105`, 'a/Tiltfile')).toBeNull();
    expect(store.since(`${LOG}-107`, 'a/Tiltfile')).not.toBeNull();
    expect(store.since(`${LOG}-100`, 'a/Tiltfile')).not.toBeNull();
  });

  it('S4: leads to a reset if a Session changed and changed back within a snapshot', () => {
    const { store } = setUp();
    const sessions = [session('a', { x: 'waiting' })];
    store.apply(SOURCE, { type: 'snapshot', sessions, at: at(10) });
    store.apply(SOURCE, { type: 'stale', error: 'the connection broke' });
    store.apply(SOURCE, { type: 'snapshot', sessions, at: at(1_000) });
    expect(store.since(`${LOG}-25`, 'a/Tiltfile')).toBeNull();
    expect(store.since(`${LOG}-10`, 'a/Tiltfile')).not.toBeNull();
  });
});

describe('a snapshot that is followed by changes', () => {
  it('is applied together with them, each of which is a revision at its position', () => {
    const { store } = setUp();
    const received: string[] = [];
    let changesOfSources = 0;
    store.subscribe(({ number, after }) =>
      received.push(`${store.cursorOf(number)} ${after?.metadata.resourceVersion}`),
    );
    store.onSources(() => {
      changesOfSources += 1;
    });
    store.apply(SOURCE, {
      type: 'snapshot',
      sessions: [session('a', {}, { resourceVersion: '3' })],
      at: at(3),
      followedBy: [changeOf({ instance: 'a', version: 4 }, 4), changeOf({ instance: 'a', version: 6 }, 6)],
    });
    expect(received.slice(1)).toEqual(['log1-4 4', 'log1-6 6']);
    expect(changesOfSources).toBe(1);
    expect(store.ready).toBe(true);
    expect(missedBy(store, 'log1-3')).toHaveLength(2);
    expect(missedBy(store, 'log1-4')).toHaveLength(1);
    expect(missedBy(store, 'log1-2')).toBeNull();
  });

  it('leaves each Session in the state of its last change', () => {
    const { store } = setUp();
    store.apply(SOURCE, {
      type: 'snapshot',
      sessions: [session('a'), session('b')],
      at: at(3),
      followedBy: [
        { type: 'stale', id: 'a/Tiltfile', error: 'silent' },
        { type: 'remove', id: 'b/Tiltfile', reason: 'it ended', at: at(5) },
      ],
    });
    expect(store.get('a/Tiltfile')?.connection).toMatchObject({ state: 'stale', error: 'silent' });
    expect(store.get('b/Tiltfile')?.connection).toMatchObject({ state: 'gone', error: 'it ended' });
  });
});

describe('catchUp', () => {
  /** Result of a wait after all pending promises have settled; null while it is pending. */
  async function outcomeOf(
    wait: ReturnType<Store['catchUp']>,
    clock: ReturnType<typeof setUp>['clock'],
  ): Promise<boolean | null> {
    let outcome: boolean | null = null;
    void wait?.then((isThere) => {
      outcome = isThere;
    });
    await clock.advance(0);
    return outcome;
  }

  it('waits until the position was applied, and no longer', async () => {
    const { clock, store } = setUp();
    store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(4) });
    const caughtUp = store.catchUp('log1-6.2.e2');
    expect(await outcomeOf(caughtUp, clock)).toBeNull();
    store.apply(SOURCE, changeOf({ instance: 'a', version: 5 }, 5));
    expect(await outcomeOf(caughtUp, clock)).toBeNull();
    store.apply(SOURCE, changeOf({ instance: 'a', version: 5 }, 6));
    expect(await outcomeOf(caughtUp, clock)).toBe(true);
    expect(missedBy(store, 'log1-6.2.e2')).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('resolves with false when its time is over', async () => {
    const { clock, store } = setUp();
    store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(4) });
    const caughtUp = store.catchUp('log1-99');
    await clock.advance(CATCH_UP_MS - 1);
    expect(await outcomeOf(caughtUp, clock)).toBeNull();
    await clock.advance(1);
    expect(await outcomeOf(caughtUp, clock)).toBe(false);
    expect(missedBy(store, 'log1-99')).toBeNull();
    expect(clock.pending).toBe(0);
  });

  it('waits for the first snapshot and the changes that follow it', async () => {
    const { clock, store } = setUp();
    const caughtUp = store.catchUp('log1-5');
    expect(await outcomeOf(caughtUp, clock)).toBeNull();
    store.apply(SOURCE, {
      type: 'snapshot',
      sessions: [session('a')],
      at: at(4),
      followedBy: [changeOf({ instance: 'a', version: 5 }, 5)],
    });
    expect(await outcomeOf(caughtUp, clock)).toBe(true);
    expect(missedBy(store, 'log1-5')).toEqual([]);
  });

  it.each(['log1-4', 'log1-3', 'log1-4.7.e2', 'log2-99', 'e1-99', 'nonsense', ''])(
    'has nothing to wait for with the cursor %j',
    (cursor) => {
      const { clock, store } = setUp();
      store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(4) });
      expect(store.catchUp(cursor)).toBeNull();
      expect(clock.pending).toBe(0);
    },
  );

  it('resolves for all waiting readers when the store is disposed', async () => {
    const { clock, store } = setUp();
    store.apply(SOURCE, { type: 'snapshot', sessions: [session('a')], at: at(4) });
    const waiting = [store.catchUp('log1-5'), store.catchUp('log1-5'), store.catchUp('log1-7')];
    store.dispose();
    for (const caughtUp of waiting) expect(await outcomeOf(caughtUp, clock)).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
