import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computePhase } from '../../src/model/phase.js';
import type { Session } from '../../src/model/session.js';
import { type ReadableStore, scopedStore } from '../../src/store/scoped.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { asDemo, session, type TargetStates } from '../support/sessions.js';
import { subscribeTo } from '../support/subscriptions.js';

const CHANGES = `subscription ($since: String) { targetChanges(since: $since) {
  cursor reset session { id connection { state } }
  changes { type target { id phase since history(last: 3) { phase } } } } }`;

/** What {@link CHANGES} selects of a target. */
interface ShownTarget {
  readonly id: string;
  readonly phase: string;
  readonly since: string;
  readonly history: readonly { readonly phase: string }[];
}

interface Payload {
  readonly targetChanges: {
    readonly cursor: string;
    readonly reset: boolean;
    readonly session: { readonly id: string; readonly connection: { readonly state: string } } | null;
    readonly changes: readonly { readonly type: string; readonly target: ShownTarget }[];
  };
}

/** A store with one source for each instance. */
function setUp(...sessions: Session[]) {
  const store = createStore({ clock: createManualClock(), epoch: 'e', retainMs: 1_000_000 });
  for (const instance of ['a', 'b', 'gone', 'demo']) store.open(instance);
  const put = (of: Session) => store.apply(of.instance, { type: 'upsert', session: of });
  for (const of of sessions) put(of);
  return {
    store,
    put: (instance: string, targets: TargetStates = {}) => {
      const of = session(instance, targets);
      put(instance === 'demo' ? asDemo(of) : of);
    },
    /** As a Tilt that exits: its Session is GONE. */
    leave: (instance: string) => store.apply(instance, { type: 'remove', id: `${instance}/Tiltfile` }),
    /** As at the end of the retention time: the GONE Session is deleted. */
    forget: (instance: string) => store.forget(instance),
    changes: (variables: object = {}, options = {}) =>
      subscribeTo<Payload>(store, CHANGES, { ...variables }, options),
  };
}

const brief = ({ targetChanges: { reset, session: shown, changes } }: Payload) =>
  [
    reset && 'reset',
    shown?.id ?? 'none',
    ...changes.map(({ type, target }) => `${type} ${target.id.replace('/Tiltfile#', ' ')} ${target.phase}`),
  ]
    .filter(Boolean)
    .join(', ');

const TILTFILE = 'tiltfile:update SUCCEEDED';

describe('S4: a reader that names no Session and returns with a cursor', () => {
  async function resume(
    { store, changes }: ReturnType<typeof setUp>,
    change: () => void,
  ): Promise<readonly string[]> {
    const first = await changes();
    const payloads = await first.drain();
    const since = payloads.at(-1)?.targetChanges.cursor ?? store.cursor();
    first.end();
    change();
    const second = await changes({ since });
    const missed = await second.drain();
    second.end();
    return missed.map(brief);
  }

  it('receives a reset if its Session has ended and another one is the default', async () => {
    const world = setUp(session('a', { x: 'ready' }));
    const missed = await resume(world, () => {
      world.leave('a');
      world.put('b', { z: 'ready' });
    });
    expect(missed).toEqual([`reset, b/Tiltfile, ADDED b ${TILTFILE}, ADDED b z READY`]);
  });

  it('receives a reset if the demo has been followed by a Tilt', async () => {
    const world = setUp(asDemo(session('demo', { x: 'ready' })));
    const missed = await resume(world, () => world.put('b'));
    expect(missed).toEqual([`reset, b/Tiltfile, ADDED b ${TILTFILE}`]);
  });

  it('receives a reset if its Session has been deleted and is known again', async () => {
    const world = setUp(session('a', { x: 'ready' }));
    const missed = await resume(world, () => {
      world.leave('a');
      world.forget('a');
      world.put('a', { y: 'ready' });
    });
    expect(missed).toEqual([`reset, a/Tiltfile, ADDED a ${TILTFILE}, ADDED a y READY`]);
  });

  it('receives a reset if its last payload was of a Session that another one has replaced as the default', async () => {
    const world = setUp(session('a', { x: 'ready' }));
    const first = await world.changes();
    await first.drain();
    world.put('b', { z: 'waiting' });
    world.leave('a');
    const since = (await first.drain()).at(-1)?.targetChanges.cursor;
    first.end();
    world.put('b', { z: 'ready' });
    const second = await world.changes({ since });
    expect((await second.drain()).map(brief)).toEqual([
      `reset, b/Tiltfile, ADDED b ${TILTFILE}, ADDED b z READY`,
    ]);
  });

  it.each([
    ['the status of a source', () => {}],
    ['that Session', ({ put }: ReturnType<typeof setUp>) => put('b', { z: 'running' })],
    ['a Session that it may not see', ({ put }: ReturnType<typeof setUp>) => put('demo', { x: 'ready' })],
  ])(
    'receives a reset if its first payload was sent late, after another Session had become the default and the last change was that of %s',
    async (_, change) => {
      const world = setUp(session('a', { x: 'ready' }));
      const visible = scopedStore(world.store, (instance) => instance !== 'demo');
      const first = await subscribeTo<Payload>(visible, CHANGES, {}, { isPaused: true });
      world.leave('a');
      world.put('b', { z: 'waiting' });
      change(world);
      await first.drain();
      first.resume();
      const payloads = await first.drain();
      expect(payloads.map(brief)).toEqual([`reset, a/Tiltfile, ADDED a ${TILTFILE}, ADDED a x READY`]);
      first.end();
      world.put('b', { z: 'ready' });
      const second = await subscribeTo<Payload>(visible, CHANGES, {
        since: payloads[0]?.targetChanges.cursor,
      });
      expect((await second.drain()).map(brief)).toEqual([
        `reset, b/Tiltfile, ADDED b ${TILTFILE}, ADDED b z READY`,
      ]);
    },
  );

  it('receives a reset if its Session has become the demo, so that another one is the default', async () => {
    const world = setUp(session('a'), session('gone'));
    world.leave('gone');
    const missed = await resume(world, () =>
      world.store.apply('a', { type: 'upsert', session: asDemo(session('a')) }),
    );
    expect(missed).toEqual([`reset, gone/Tiltfile, ADDED gone ${TILTFILE}`]);
  });

  it('receives only what it missed while the default Session stays the same', async () => {
    const world = setUp(session('gone'), session('a', { x: 'waiting' }));
    world.leave('gone');
    const missed = await resume(world, () => world.put('a', { x: 'ready' }));
    expect(missed).toEqual(['a/Tiltfile, MODIFIED a x READY']);
    expect(await resume(world, () => {})).toEqual([]);
  });

  it('receives only what it missed although Sessions of instances that it may not see have come and gone', async () => {
    const { store, put, leave, forget } = setUp(session('a', { x: 'waiting' }), session('b'));
    put('b', { x: 'ready' });
    const visible = scopedStore(store, (instance) => instance === 'a');
    const first = await subscribeTo<Payload>(visible, CHANGES);
    const since = (await first.drain()).at(-1)?.targetChanges.cursor;
    first.end();
    put('b');
    leave('b');
    forget('b');
    put('a', { x: 'ready' });
    const second = await subscribeTo<Payload>(visible, CHANGES, { since });
    expect((await second.drain()).map(brief)).toEqual(['a/Tiltfile, MODIFIED a x READY']);
  });
});

describe('S3, S5: a reader that lags while the Session returns that follows the deleted one', () => {
  const TARGETS = { bad: 'failed', x: 'ready' } as const;
  const RESET = `reset, b/Tiltfile, ADDED b bad FAILED, ADDED b ${TILTFILE}, ADDED b x RUNNING`;

  /** Readers whose Session is deleted while another one is known, but GONE. They wait for that one. */
  async function setUpWaiting() {
    const world = setUp(session('a'), session('b', TARGETS), session('gone'));
    world.leave('b');
    world.leave('gone');
    const readers = {
      reader: await world.changes(),
      state: await subscribeTo(world.store, 'subscription { session { id counts { running } } }'),
      log: await subscribeTo(world.store, 'subscription { log { session reset } }'),
    };
    world.leave('a');
    world.forget('a');
    for (const { drain } of Object.values(readers)) await drain();
    return { ...world, ...readers };
  }

  it('receives a reset with all targets if it was paused', async () => {
    const { put, reader, state, log } = await setUpWaiting();
    for (const { pause } of [reader, state, log]) pause();
    put('b', TARGETS);
    await reader.drain();
    put('b', { ...TARGETS, x: 'running' });
    await reader.drain();
    for (const { resume } of [reader, state, log]) resume();
    expect((await reader.drain()).map(brief)).toEqual([RESET]);
    expect(await state.drain()).toEqual([{ session: { id: 'b/Tiltfile', counts: { running: 1 } } }]);
    expect(await log.drain()).toEqual([{ log: { session: 'b/Tiltfile', reset: true } }]);
    put('b', { ...TARGETS, x: 'ready' });
    expect((await reader.drain()).map(brief)).toEqual(['b/Tiltfile, MODIFIED b x READY']);
  });

  it('receives a reset with all targets if more than 64 updates arrive in one tick', async () => {
    const { put, reader } = await setUpWaiting();
    for (let count = 0; count < 66; count += 1)
      put('b', { ...TARGETS, x: count % 2 === 0 ? 'ready' : 'running' });
    expect((await reader.drain()).map(brief)).toEqual([RESET]);
  });

  it('receives a reset with all targets if the states of the Session are read from a bucket together', async () => {
    const at = (number: number) => ({ at: { log: 'log1', number } });
    const gone = { state: 'gone' as const, since: '2026-11-22T11:00:00.000000Z', error: 'tilt exited' };
    const store = createStore({ clock: createManualClock(), epoch: 'e', sharedSource: 'bucket' });
    const b = (x: 'ready' | 'running') => session('b', { ...TARGETS, x });
    store.open('bucket');
    store.apply('bucket', {
      type: 'snapshot',
      sessions: [session('a'), b('ready')],
      connections: new Map([['b/Tiltfile', gone]]),
      ...at(1),
    });
    const reader = await subscribeTo<Payload>(store, CHANGES);
    const id = 'a/Tiltfile';
    store.apply('bucket', { type: 'remove', id, ...at(2) });
    store.apply('bucket', { type: 'remove', id, ageMs: Number.POSITIVE_INFINITY, ...at(3) });
    expect((await reader.drain()).map(brief).at(-1)).toBe(`none, DELETED a ${TILTFILE}`);
    store.apply('bucket', {
      type: 'snapshot',
      sessions: [b('ready')],
      followedBy: [{ type: 'upsert', session: b('running'), ...at(5) }],
      ...at(4),
    });
    expect((await reader.drain()).map(brief)).toEqual([RESET]);
  });

  it('S2: receives a reset for each Session that returns if several do so in one tick', async () => {
    const { put, leave, forget, reader, state } = await setUpWaiting();
    put('b', TARGETS);
    leave('b');
    forget('b');
    put('gone', { y: 'running' });
    expect((await reader.drain()).map(brief)).toEqual([
      `reset, b/Tiltfile, ADDED b bad FAILED, ADDED b ${TILTFILE}, ADDED b x READY`,
      'b/Tiltfile',
      `none, DELETED b bad FAILED, DELETED b ${TILTFILE}, DELETED b x READY`,
      `reset, gone/Tiltfile, ADDED gone ${TILTFILE}, ADDED gone y RUNNING`,
    ]);
    expect(await state.drain()).toEqual([
      { session: { id: 'b/Tiltfile', counts: { running: 0 } } },
      { session: null },
      { session: { id: 'gone/Tiltfile', counts: { running: 1 } } },
    ]);
  });
});

describe('a subscription that names no Session', () => {
  it('continues with the Tilt that replaces the demo, after a reset', async () => {
    const { store, put, forget, changes } = setUp(asDemo(session('demo', { x: 'ready' })));
    const reader = await changes();
    const state = await subscribeTo(store, 'subscription { session { id verdict { state } } }');
    const labels = await subscribeTo(store, 'subscription { session { id resources { name } } }');
    for (const { drain } of [reader, state, labels]) await drain();
    put('a', { api: 'failed' });
    store.close('demo', 'a Tilt has appeared');
    forget('demo');
    put('a', { api: 'ready' });
    expect((await reader.drain()).map(brief).slice(1)).toEqual([
      `reset, a/Tiltfile, ADDED a api FAILED, ADDED a ${TILTFILE}`,
      'a/Tiltfile, MODIFIED a api READY',
    ]);
    expect((await state.drain()).slice(1)).toEqual([
      { session: { id: 'a/Tiltfile', verdict: { state: 'FAILED' } } },
      { session: { id: 'a/Tiltfile', verdict: { state: 'PASSED' } } },
    ]);
    expect((await labels.drain()).at(-1)).toEqual({
      session: { id: 'a/Tiltfile', resources: [{ name: 'api' }, { name: 'tiltfile' }] },
    });
  });

  it('S5: a reader that was paused meanwhile receives one reset with the newest state', async () => {
    const { put, leave, forget, changes } = setUp(session('a', { x: 'ready' }));
    const reader = await changes();
    await reader.drain();
    reader.pause();
    leave('a');
    forget('a');
    put('b', { y: 'waiting' });
    put('b', { y: 'ready' });
    await reader.drain();
    reader.resume();
    expect((await reader.drain()).map(brief)).toEqual([
      `reset, b/Tiltfile, ADDED b ${TILTFILE}, ADDED b y READY`,
    ]);
    put('b', { y: 'failed' });
    expect((await reader.drain()).map(brief)).toEqual(['b/Tiltfile, MODIFIED b y FAILED']);
  });

  it('stays with its Session while others appear, and waits for it rather than show one that is GONE', async () => {
    const { put, leave, forget, changes } = setUp(session('a'));
    const reader = await changes();
    await reader.drain();
    put('b');
    leave('b');
    expect(await reader.drain()).toEqual([]);
    leave('a');
    forget('a');
    expect((await reader.drain()).map(brief)).toEqual(['a/Tiltfile', `none, DELETED a ${TILTFILE}`]);
    put('a', { x: 'ready' });
    expect((await reader.drain()).map(brief)).toEqual([`a/Tiltfile, ADDED a ${TILTFILE}, ADDED a x READY`]);
  });

  it('begins with the first Session that appears, not with one whose deletion it missed', async () => {
    const { store, put, leave, forget, changes } = setUp(session('a'));
    const since = store.cursor();
    leave('a');
    forget('a');
    const reader = await changes({ since });
    await reader.drain();
    put('b', { z: 'ready' });
    expect((await reader.drain()).map(brief)).toEqual([`b/Tiltfile, ADDED b ${TILTFILE}, ADDED b z READY`]);
  });

  it('S3: a client that applies the payloads holds exactly the state of the shown Session, for any Sessions that come and go', async () => {
    const instances = ['a', 'b', 'demo'] as const;
    const instance = fc.constantFrom(...instances);
    const targets = fc.constantFrom<TargetStates[]>(
      { x: 'ready' },
      { x: 'failed' },
      { y: 'ready' },
      { x: 'ready', y: 'waiting' },
    );
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), instance, targets }) },
      fc.record({ do: fc.constantFrom('leave' as const, 'forget' as const), instance }),
      fc.record({ do: fc.constantFrom('pause' as const, 'take' as const) }),
      fc.record({ do: fc.constant('return' as const), isPaused: fc.boolean() }),
      // Rare in a random sequence.
      fc.record({
        do: fc.constant('replace' as const),
        instance,
        targets,
        lag: fc.constantFrom('none' as const, 'pause' as const, 'burst' as const),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { store, put, leave, forget, changes } = setUp();
        const held = new Map<string, ShownTarget>();
        let shown: Payload['targetChanges']['session'] = null;
        let cursor: string | null = null;
        let reader = await changes();
        const take = async () => {
          reader.resume();
          for (const { targetChanges } of await reader.drain()) {
            if (targetChanges.reset) held.clear();
            shown = targetChanges.session;
            cursor = targetChanges.cursor;
            for (const { type, target } of targetChanges.changes) {
              if (type === 'DELETED') held.delete(target.id);
              else held.set(target.id, target);
            }
          }
          const byId = (a: ShownTarget, b: ShownTarget) => (a.id < b.id ? -1 : 1);
          const { session: newest, targets } = stateOf(store, shown?.id ?? null);
          expect({ session: shown, targets: [...held.values()].sort(byId) }).toEqual({
            session: newest,
            targets: targets.sort(byId),
          });
          const live = store.ids().filter((id) => store.get(id)?.connection.state !== 'gone');
          if (live.length === 1) expect(shown).not.toBeNull();
        };
        /** Another Session, which is known and GONE when that of the reader is deleted, returns. */
        const replace = async (by: string, state: TargetStates, lag: 'none' | 'pause' | 'burst') => {
          put(by, { x: 'ready', z: 'failed' });
          leave(by);
          for (const other of instances.filter((name) => name !== by)) {
            leave(other);
            forget(other);
          }
          await take();
          if (lag === 'pause') reader.pause();
          put(by, { x: 'ready', z: 'failed' });
          for (let count = 0; count < (lag === 'burst' ? 66 : 1); count += 1) {
            put(by, { ...state, z: 'failed', extra: count % 2 === 0 ? 'ready' : 'waiting' });
          }
        };
        for (const item of steps) {
          if (item.do === 'put') put(item.instance, item.targets);
          else if (item.do === 'replace') await replace(item.instance, item.targets, item.lag);
          else if (item.do === 'return') {
            reader.end();
            try {
              reader = await changes({ since: cursor }, { isPaused: item.isPaused });
            } catch {
              // Several Sessions are known.
              return;
            }
          } else if (item.do === 'leave') leave(item.instance);
          else if (item.do === 'forget') forget(item.instance);
          else if (item.do === 'pause') reader.pause();
          else await take();
        }
        await take();
        reader.end();
      }),
      { numRuns: 300 },
    );
  });
});

/** The newest state of a Session, as {@link CHANGES} selects it. */
function stateOf(
  store: ReadableStore,
  id: string | null,
): { session: object | null; targets: ShownTarget[] } {
  const record = id === null ? null : store.get(id);
  if (record === null) return { session: null, targets: [] };
  const { connection, status } = record;
  return {
    session: { id, connection: { state: connection.state.toUpperCase() } },
    targets: status.targets.map((target) => ({
      id: target.id,
      phase: computePhase(target).toUpperCase(),
      since: target.since,
      history: target.history.slice(-3).map(({ phase }) => ({ phase: phase.toUpperCase() })),
    })),
  };
}
