import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_FACTS } from '../../src/model/facts.js';
import { DEMO_ANNOTATION, type ObjectMeta, type Session } from '../../src/model/session.js';
import { createStore, type Store } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { query } from '../support/queries.js';
import { session, states, type TargetStates } from '../support/sessions.js';
import { subscribeTo } from '../support/subscriptions.js';

const A = 'a/Tiltfile';

interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  target: { name: string; phase: string };
  previousPhase: string | null;
}

interface Payload {
  cursor: string;
  reset: boolean;
  conflated: number;
  changes: Change[];
}

const TARGET_CHANGES = `subscription ($session: ID, $where: TargetFilter, $since: String) {
  targetChanges(session: $session, where: $where, since: $since) {
    cursor reset conflated changes { type target { name phase } previousPhase }
  }
}`;

function setUp(...sessions: Session[]) {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  store.apply('test', { type: 'snapshot', sessions });
  return {
    store,
    put: (instance: string, targets: TargetStates = {}, options = {}) =>
      store.apply('test', { type: 'upsert', session: session(instance, targets, options) }),
    targetChanges: (variables: Record<string, unknown> = {}, options = {}) =>
      subscribeTo<{ targetChanges: Payload }>(store, TARGET_CHANGES, variables, options),
  };
}

/** Applies a state of a Session with other metadata. */
function putMetadata(store: Store, state: Session, metadata: Partial<ObjectMeta>): void {
  const next = { ...state, metadata: { ...state.metadata, ...metadata } };
  store.apply('test', { type: 'upsert', session: next });
}

const brief = (payload: { targetChanges: Payload } | null | undefined) =>
  payload?.targetChanges.changes.map(({ type, target }) => `${type} ${target.name} ${target.phase}`);

describe('S1 snapshot first', () => {
  it('the first payload is the state of the tick of the subscription, and updates of that tick follow', async () => {
    const { put, targetChanges } = setUp(session('a', { x: 'waiting' }));
    const reader = await targetChanges();
    put('a', { x: 'ready' });
    const payloads = await reader.drain();
    expect(payloads.map(brief)).toEqual([
      ['ADDED tiltfile:update SUCCEEDED', 'ADDED x WAITING'],
      ['MODIFIED x READY'],
    ]);
    expect(payloads.map(({ targetChanges: { reset } }) => reset)).toEqual([true, false]);
  });

  it('the first payload is an empty reset if the Session does not exist yet, and its appearance is a payload', async () => {
    const { put, targetChanges } = setUp();
    for (const variables of [{ session: A }, {}]) {
      const reader = await targetChanges(variables);
      expect(await reader.next()).toMatchObject({ targetChanges: { reset: true, changes: [] } });
      reader.end();
    }
    const reader = await targetChanges();
    await reader.next();
    put('a', { x: 'ready' });
    put('b', { y: 'ready' });
    expect((await reader.drain()).map(brief)).toEqual([['ADDED tiltfile:update SUCCEEDED', 'ADDED x READY']]);
  });
});

describe('S2 atomic', () => {
  it('an update of several targets is one payload with all changes in order', async () => {
    const { put, targetChanges } = setUp(session('a', { b: 'ready', d: 'waiting' }));
    const reader = await targetChanges();
    await reader.next();
    put('a', { c: 'waiting', d: 'running' });
    put('a', { c: 'running', d: 'succeeded' });
    expect((await reader.drain()).map(brief)).toEqual([
      ['DELETED b READY', 'ADDED c WAITING', 'MODIFIED d RUNNING'],
      ['MODIFIED c RUNNING', 'MODIFIED d SUCCEEDED'],
    ]);
  });
});

describe('S3 fold', () => {
  it('a client that folds the payloads holds exactly the result of a query, for any history of updates, removals, relists, pauses and resumptions', async () => {
    const name = fc.constantFrom('p', 'q', 'r', 's');
    const state = fc.constantFrom(...(Object.keys(states) as (keyof typeof states)[]));
    const targets = fc.dictionary(name, state, { maxKeys: 4 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), targets }),
      fc.record({ do: fc.constant('relist' as const), targets }),
      fc.constant({ do: 'remove' as const }),
      fc.constant({ do: 'restart' as const }),
      fc.constant({ do: 'pause' as const }),
      fc.constant({ do: 'pull' as const }),
      fc.constant({ do: 'return' as const }),
      fc.constant({ do: 'forget' as const }),
    );
    const where = fc.constantFrom(null, { phase: ['READY', 'FAILED'] }, { name: '?' });
    const journal = { revisions: 4, listed: 1_000 };
    const limits = { updates: 2, sessions: 2 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), where, async (steps, filter) => {
        const store = createStore({ clock: createManualClock(), epoch: 'e', journal });
        store.open('test');
        store.apply('test', { type: 'snapshot', sessions: [] });
        const open = (since: string | null) =>
          subscribeTo<{ targetChanges: Payload }>(
            store,
            TARGET_CHANGES,
            { session: A, where: filter, since },
            { limits },
          );
        let run = 1;
        let cursor: string | null = null;
        let reader = await open(cursor);
        const held = new Map<string, string>();
        const fold = ({ targetChanges: { reset, changes, ...payload } }: { targetChanges: Payload }) => {
          if (reset) held.clear();
          for (const { type, target } of changes) {
            // An honest stream never adds what is there, nor touches what is not.
            expect(held.has(target.name)).toBe(type !== 'ADDED');
            if (type === 'DELETED') held.delete(target.name);
            else held.set(target.name, target.phase);
          }
          cursor = payload.cursor;
        };
        const take = async () => {
          reader.resume();
          for (const payload of await reader.drain()) fold(payload);
        };
        for (const item of steps) {
          const uid = `run-${run}`;
          if (item.do === 'put')
            store.apply('test', { type: 'upsert', session: session('a', item.targets, { uid }) });
          else if (item.do === 'relist')
            store.apply('test', { type: 'snapshot', sessions: [session('a', item.targets, { uid })] });
          else if (item.do === 'remove') store.apply('test', { type: 'remove', id: A });
          else if (item.do === 'restart') run += 1;
          else if (item.do === 'forget') {
            store.apply('test', { type: 'remove', id: A });
            store.forget('test');
          } else if (item.do === 'pause') reader.pause();
          else if (item.do === 'pull') await take();
          else {
            reader.end();
            reader = await open(cursor);
          }
        }
        await take();
        const now = new Map((await targetsOf(store, filter)).map((target) => [target.name, target.phase]));
        expect(held).toEqual(now);
        reader.end();
      }),
      { numRuns: 150 },
    );
  });

  it('a client that was paused while a target returned to its state holds the history of the target', async () => {
    const { store, put } = setUp(session('a', { x: 'failed', y: 'ready' }));
    const reader = await subscribeTo<{ targetChanges: { changes: { target: object }[] } }>(
      store,
      'subscription { targetChanges { changes { target { name history { phase } } } } }',
    );
    await reader.next();
    reader.pause();
    put('a', { x: 'disabled', y: 'ready' });
    put('a', { x: 'failed', y: 'ready' });
    await reader.drain();
    reader.resume();
    const [payload, ...rest] = await reader.drain();
    const history = [{ phase: 'FAILED' }, { phase: 'DISABLED' }, { phase: 'FAILED' }];
    expect(payload?.targetChanges.changes).toEqual([{ target: { name: 'x', history } }]);
    expect(rest).toEqual([]);
  });

  it('a client that folds sessionChanges holds exactly the matching Sessions', async () => {
    const { store, put } = setUp(session('a'));
    const reader = await subscribeTo<{
      sessionChanges: { changes: { type: string; session: { id: string } }[] };
    }>(
      store,
      `subscription {
        sessionChanges(where: { verdict: [PASSED, PENDING], instance: "?" }) { changes { type session { id } } }
      }`,
    );
    const told = async () =>
      (await reader.drain()).map(({ sessionChanges: { changes } }) =>
        changes.map((change) => `${change.type} ${change.session.id}`),
      );
    expect(await told()).toEqual([['ADDED a/Tiltfile']]);
    put('b', { x: 'waiting' });
    put('long-name', { x: 'waiting' });
    put('b', { x: 'ready' });
    put('b', { x: 'failed' });
    put('b', { x: 'ready' });
    store.apply('test', { type: 'remove', id: A });
    expect(await told()).toEqual([
      ['ADDED b/Tiltfile'],
      ['MODIFIED b/Tiltfile'],
      ['DELETED b/Tiltfile'],
      ['ADDED b/Tiltfile'],
      ['DELETED a/Tiltfile'],
    ]);
  });
});

describe('metadata of a Session', () => {
  it('session: a selected resourceVersion is sent also if only an excerpt changed with it', async () => {
    const state = session('a', { x: 'failed' }, { resourceVersion: '1' });
    const { store } = setUp(state);
    const reader = await subscribeTo(store, 'subscription { session { metadata { resourceVersion } } }');
    await reader.next();
    for (const line of ['one', 'two']) {
      const metadata = { ...state.metadata, resourceVersion: line };
      const excerpt = {
        target: 'x',
        startTime: null,
        finishTime: null,
        lines: [],
        omitted: 0,
        isFinal: true,
      };
      const facts = { ...NO_FACTS, excerpts: [excerpt] };
      store.apply('test', { type: 'upsert', session: { ...state, metadata, facts } });
    }
    expect(await reader.drain()).toMatchObject([
      { session: { metadata: { resourceVersion: 'one' } } },
      { session: { metadata: { resourceVersion: 'two' } } },
    ]);
  });

  const added = [{ key: 'team', value: 'shop' }];

  it.each<[string, Partial<ObjectMeta>, string, unknown]>([
    ['labels', { labels: added }, 'metadata { labels { key value } }', { metadata: { labels: added } }],
    [
      'annotations',
      { annotations: added },
      'metadata { annotations { key value } }',
      { metadata: { annotations: added } },
    ],
    ['finalizers', { finalizers: ['f'] }, 'metadata { finalizers }', { metadata: { finalizers: ['f'] } }],
    [
      'deletion time',
      { deletionTimestamp: '2026-11-22T12:00:00Z' },
      'metadata { deletionTimestamp }',
      { metadata: { deletionTimestamp: '2026-11-22T12:00:00Z' } },
    ],
    [
      'mark as the demo',
      { annotations: [{ key: DEMO_ANNOTATION, value: 'true' }] },
      'isDemo',
      { isDemo: true },
    ],
  ])(
    'S3: a change of the %s alone is sent to the readers that select it',
    async (_, metadata, fields, now) => {
      const first = session('a', { x: 'ready' });
      const { store } = setUp(first);
      const changes = await subscribeTo(
        store,
        `subscription { targetChanges { session { ${fields} } changes { type } } }`,
      );
      const newest = await subscribeTo(store, `subscription { session { ${fields} } }`);
      await changes.next();
      await newest.next();
      putMetadata(store, first, metadata);
      putMetadata(store, first, metadata);
      expect(await changes.drain()).toEqual([{ targetChanges: { session: now, changes: [] } }]);
      expect(await newest.drain()).toEqual([{ session: now }]);
    },
  );
});

describe('S4 resume', () => {
  it('a reader with a cursor receives exactly the updates since that cursor', async () => {
    const { put, targetChanges } = setUp(session('a', { x: 'waiting' }));
    const first = await targetChanges();
    const cursor = (await first.next())?.targetChanges.cursor;
    first.end();
    put('a', { x: 'running' });
    put('a', { x: 'ready' });
    const second = await targetChanges({ since: cursor });
    expect((await second.drain()).map(brief)).toEqual([['MODIFIED x RUNNING'], ['MODIFIED x READY']]);
  });

  it('the id of the last event, as EventSource sends it, replaces the argument since', async () => {
    const { put, targetChanges, store } = setUp(session('a', { x: 'waiting' }));
    const lastEventId = store.cursor();
    put('a', { x: 'ready' });
    const reader = await targetChanges({}, { lastEventId });
    expect((await reader.drain()).map(brief)).toEqual([['MODIFIED x READY']]);
  });

  it('a reader receives what followed the last event if EventSource repeats an older since, and an empty id counts as none', async () => {
    const { put, targetChanges, store } = setUp(session('a', { x: 'waiting' }));
    const since = store.cursor();
    put('a', { x: 'running' });
    const lastEventId = store.cursor();
    put('a', { x: 'ready' });
    const reader = await targetChanges({ since }, { lastEventId });
    expect((await reader.drain()).map(brief)).toEqual([['MODIFIED x READY']]);
    const other = await targetChanges({ since }, { lastEventId: '' });
    expect((await other.drain()).map(brief)).toEqual([['MODIFIED x RUNNING'], ['MODIFIED x READY']]);
  });

  it.each(['of another gateway-7', 'e-99999999', 'junk', ''])(
    'a reader with an unknown cursor receives a reset: %j',
    async (since) => {
      const { targetChanges } = setUp(session('a'));
      const reader = await targetChanges({ since });
      expect(await reader.next()).toMatchObject({ targetChanges: { reset: true } });
    },
  );

  it('a reader whose cursor is older than the journal receives a reset', async () => {
    const store = createStore({
      clock: createManualClock(),
      epoch: 'e',
      journal: { revisions: 2, listed: 100 },
    });
    store.open('test');
    store.apply('test', { type: 'snapshot', sessions: [session('a')] });
    const since = store.cursor();
    for (const state of ['waiting', 'running', 'ready'] as const) {
      store.apply('test', { type: 'upsert', session: session('a', { x: state }) });
    }
    const reader = await subscribeTo<{ targetChanges: Payload }>(store, TARGET_CHANGES, { since });
    const [payload, ...rest] = await reader.drain();
    expect(payload?.targetChanges.reset).toBe(true);
    expect(brief(payload)).toEqual(['ADDED tiltfile:update SUCCEEDED', 'ADDED x READY']);
    expect(rest).toEqual([]);
  });
});

describe('S5 slow readers converge', () => {
  const limits = { updates: 3, sessions: 2 };

  it('a paused reader receives one payload with the newest state and the number of merged updates', async () => {
    const { put, targetChanges } = setUp(session('a', { x: 'waiting' }));
    const reader = await targetChanges({}, { limits });
    await reader.next();
    reader.pause();
    for (const state of ['running', 'ready', 'failed', 'running', 'ready'] as const) put('a', { x: state });
    expect(await reader.drain()).toEqual([]);
    reader.resume();
    const payloads = await reader.drain();
    expect(payloads.map(brief)).toEqual([['MODIFIED x READY']]);
    expect(payloads[0]?.targetChanges).toMatchObject({ reset: false, conflated: 5 });
    put('a', { x: 'failed' });
    expect((await reader.drain()).map(({ targetChanges: { conflated } }) => conflated)).toEqual([0]);
  });

  it('a paused reader receives nothing if the merged updates cancel out', async () => {
    const { put, targetChanges } = setUp(session('a', { x: 'waiting' }));
    const reader = await targetChanges({}, { limits });
    await reader.next();
    reader.pause();
    for (const state of ['waiting', 'running', 'ready', 'failed'] as const)
      put('a', { x: 'waiting', y: state });
    put('a', { x: 'waiting' });
    expect(await reader.drain()).toEqual([]);
    reader.resume();
    expect(await reader.drain()).toEqual([]);
  });

  it('a paused reader of Sessions is reset if more of them changed than a backlog holds', async () => {
    const { store, put } = setUp();
    const reader = await subscribeTo<{ sessionChanges: Payload }>(
      store,
      'subscription { sessionChanges { reset conflated changes { type } } }',
      {},
      { limits },
    );
    await reader.next();
    reader.pause();
    for (const instance of ['a', 'b', 'c', 'd', 'e']) put(instance);
    expect(await reader.drain()).toEqual([]);
    reader.resume();
    const payloads = await reader.drain();
    expect(payloads).toHaveLength(1);
    expect(payloads[0]?.sessionChanges).toMatchObject({ reset: true, conflated: 5 });
    expect(payloads[0]?.sessionChanges.changes).toHaveLength(5);
  });
});

const MANAGER = {
  manager: 'tilt',
  operation: 'Update',
  apiVersion: 'tilt.dev/v1alpha1',
  fieldsType: 'FieldsV1',
  subresource: null,
  fieldsV1: {},
};

describe('S6 no noise', () => {
  it('session: nothing is sent if what the client selected did not change', async () => {
    const { store, put } = setUp(session('a', { x: 'waiting' }));
    const reader = await subscribeTo<{ session: object }>(
      store,
      'subscription { session { status { done } } }',
    );
    expect(await reader.drain()).toEqual([{ session: { status: { done: false } } }]);
    put('a', { x: 'ready' });
    put('a', { x: 'failed' });
    expect(await reader.drain()).toEqual([]);
    put('a', { x: 'failed' }, { status: { done: true } });
    expect(await reader.drain()).toEqual([{ session: { status: { done: true } } }]);
  });

  it('targetChanges: nothing is sent for an update that leaves all targets equal', async () => {
    const { put, targetChanges } = setUp(session('a', { x: 'ready' }));
    const reader = await targetChanges();
    await reader.next();
    put('a', { x: 'ready' }, { resourceVersion: '99' });
    put('b', { y: 'ready' });
    expect(await reader.drain()).toEqual([]);
  });

  it('targetChanges: nothing is sent for an update that changes only resourceVersion and managedFields', async () => {
    const { store } = setUp(session('a', { x: 'ready' }, { resourceVersion: '1' }));
    const reader = await subscribeTo(
      store,
      'subscription { targetChanges { session { metadata { labels { key } } } changes { type } } }',
    );
    await reader.next();
    for (const resourceVersion of ['2', '3']) {
      const managedFields = [{ ...MANAGER, time: `2026-11-22T12:00:0${resourceVersion}Z` }];
      putMetadata(store, session('a', { x: 'ready' }, { resourceVersion }), { managedFields });
    }
    expect(await reader.drain()).toEqual([]);
  });

  it('targetChanges: different changes are sent even if their selections are equal', async () => {
    const { store, put } = setUp(session('a', { x: 'ready' }));
    const reader = await subscribeTo(store, 'subscription { targetChanges { changes { type } } }');
    await reader.next();
    put('a', { x: 'failed' });
    put('a', { x: 'ready' });
    expect(await reader.drain()).toHaveLength(2);
  });
});

describe('a filtered subscription', () => {
  it('reports a target that enters the filter as ADDED and one that leaves it as DELETED, with the previous phase', async () => {
    const { put, targetChanges } = setUp(session('a', { x: 'running', y: 'ready' }));
    const reader = await targetChanges({ where: { phase: ['FAILED', 'READY'] } });
    expect(brief((await reader.next()) ?? undefined)).toEqual(['ADDED y READY']);
    put('a', { x: 'failed', y: 'ready' });
    put('a', { x: 'failed', y: 'failed' });
    put('a', { x: 'waiting', y: 'failed' });
    put('a', { x: 'running', y: 'failed' });
    const payloads = await reader.drain();
    expect(payloads.map(brief)).toEqual([['ADDED x FAILED'], ['MODIFIED y FAILED'], ['DELETED x WAITING']]);
    expect(payloads[0]?.targetChanges.changes[0]?.previousPhase).toBe('RUNNING');
  });
});

describe('S7 ends', () => {
  it('an idle reader releases everything at once when it ends', async () => {
    const { store, targetChanges } = setUp(session('a'));
    const reader = await targetChanges();
    await reader.next();
    const idle = reader.next();
    expect(store.subscribers).toBe(1);
    reader.end();
    expect(await idle).toBeNull();
    expect(store.subscribers).toBe(0);
    reader.end();
    expect(await reader.next()).toBeNull();
  });

  it('a reader continues when its source fails, and receives the state of the connection', async () => {
    const { store, put } = setUp(session('a', { x: 'ready' }));
    const reader = await subscribeTo<{ targetChanges: object }>(
      store,
      'subscription { targetChanges { session { connection { state error } verdict { state } } changes { type } } }',
    );
    await reader.next();
    store.apply('test', { type: 'stale', error: 'connection refused' });
    store.apply('test', { type: 'snapshot', sessions: [session('a', { x: 'ready' })] });
    store.close('test', 'Tilt has left');
    expect((await reader.drain()).map(({ targetChanges }) => targetChanges)).toEqual([
      {
        session: {
          connection: { state: 'STALE', error: 'connection refused' },
          verdict: { state: 'UNKNOWN' },
        },
        changes: [],
      },
      { session: { connection: { state: 'LIVE', error: null }, verdict: { state: 'PASSED' } }, changes: [] },
      {
        session: { connection: { state: 'GONE', error: 'Tilt has left' }, verdict: { state: 'UNKNOWN' } },
        changes: [],
      },
    ]);
    store.open('test');
    put('a', { x: 'failed' });
    expect(await reader.drain()).toHaveLength(1);
  });
});

describe('a subscription without a Session id', () => {
  it('is rejected with a list of the ids if several Sessions are known', async () => {
    const { targetChanges } = setUp(session('a'), session('b'));
    await expect(targetChanges()).rejects.toThrow(
      '2 Sessions are known. Specify the id of one: a/Tiltfile, b/Tiltfile.',
    );
  });
});

async function targetsOf(store: Store, where: object | null): Promise<{ name: string; phase: string }[]> {
  const { data } = await query<{ targets: { name: string; phase: string }[] }>(
    store,
    'query ($where: TargetFilter) { targets(where: $where) { name phase } }',
    { where },
  );
  return data.targets;
}
