import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { query } from '../support/queries.js';
import { sessionJson } from '../support/session-json.js';
import { states } from '../support/sessions.js';
import { subscribeTo } from '../support/subscriptions.js';

const ID = 'a/Tiltfile';

interface TargetView {
  readonly id: string;
  readonly name: string;
  readonly phase: string;
  readonly since: string;
  readonly state: object | null;
  readonly history: readonly object[];
}

interface Payload {
  readonly cursor: string;
  readonly reset: boolean;
  readonly changes: readonly {
    readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
    readonly previousPhase: string | null;
    readonly target: TargetView;
  }[];
}

const FIELDS =
  'id name phase since state { ... on TargetStateWaiting { waitReason } } history { time phase }';

const SUBSCRIPTION = `subscription ($where: TargetFilter, $since: String, $phaseChangesOnly: Boolean) {
  targetChanges(session: "${ID}", where: $where, since: $since, phaseChangesOnly: $phaseChangesOnly) {
    cursor reset changes { type previousPhase target { ${FIELDS} } }
  }
}`;

const STATES = {
  ...states,
  'waiting for local': { waiting: { waitReason: 'waiting-for-local' } },
  unknown: { waiting: { waitReason: 'unknown' } },
} as const;

/** Names and states of targets, in Tilt's order; a name may repeat. */
type Targets = readonly (readonly [name: string, state: keyof typeof STATES])[];

const anyTargets: fc.Arbitrary<Targets> = fc
  .array(
    fc.tuple(
      fc.constantFrom('p', 'q', 'r'),
      fc.constantFrom(...(Object.keys(STATES) as (keyof typeof STATES)[])),
    ),
    { maxLength: 5 },
  )
  .map((all) => all.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

function sessionOf(targets: Targets, uid = 'run-1'): Session {
  const list = targets.map(([name, state]) => ({
    name,
    type: 'server',
    resources: [],
    state: STATES[state],
  }));
  return decodeSession(sessionJson({ uid, targets: list }), 'a');
}

function setUp(...first: Targets) {
  const clock = createManualClock();
  const store = createStore({ clock, epoch: 'e', journal: { revisions: 6 } });
  store.open('test');
  store.apply('test', { type: 'snapshot', sessions: [sessionOf(first)] });
  return {
    clock,
    store,
    put: (targets: Targets, uid?: string) =>
      store.apply('test', { type: 'upsert', session: sessionOf(targets, uid) }),
    open: (variables: object, limits = { updates: 64, sessions: 64 }) =>
      subscribeTo<{ targetChanges: Payload }>(store, SUBSCRIPTION, { ...variables }, { limits }),
  };
}

const brief = ({ targetChanges }: { readonly targetChanges: Payload }) =>
  targetChanges.changes.map(
    ({ type, target }) => `${type} ${target.id.slice(ID.length + 1)} ${target.phase}`,
  );

describe('targetChanges with phaseChangesOnly', () => {
  it('sends nothing for a change within a phase, and a payload for a change of phase', async () => {
    const { put, open } = setUp(['a', 'unknown'], ['b', 'unknown']);
    const all = await open({});
    const phases = await open({ phaseChangesOnly: true });
    await all.next();
    await phases.next();
    for (let flip = 0; flip < 10; flip += 1) {
      put([
        ['a', 'waiting for local'],
        ['b', 'unknown'],
      ]);
      put([
        ['a', 'unknown'],
        ['b', 'waiting for local'],
      ]);
    }
    put([
      ['a', 'running'],
      ['b', 'unknown'],
    ]);
    put([['a', 'running']]);
    expect(await all.drain()).toHaveLength(22);
    expect((await phases.drain()).map(brief)).toEqual([['MODIFIED a RUNNING'], ['DELETED b WAITING']]);
  });

  it('sends a payload when the Session itself changes', async () => {
    const { store, open } = setUp(['a', 'waiting']);
    const phases = await open({ phaseChangesOnly: true });
    await phases.next();
    store.apply('test', { type: 'stale', error: 'link lost' });
    expect((await phases.drain()).map(brief)).toEqual([[]]);
  });

  it('S4: a reader with a cursor receives the changes of phase since that cursor', async () => {
    const { put, open } = setUp(['a', 'unknown']);
    const first = await open({ phaseChangesOnly: true });
    const since = (await first.next())?.targetChanges.cursor;
    first.end();
    put([['a', 'waiting for local']]);
    put([['a', 'running']]);
    const second = await open({ phaseChangesOnly: true, since });
    expect((await second.drain()).map(brief)).toEqual([['MODIFIED a RUNNING']]);
  });
});

describe('S3 fold of targetChanges with repeated target names', () => {
  it('a client holds exactly the newest state; with phaseChangesOnly it holds the newest phases and receives nothing else', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), targets: anyTargets }) },
      fc.constantFrom({ do: 'remove' as const }, { do: 'restart' as const }),
      fc.constantFrom({ do: 'pause' as const }, { do: 'pull' as const }),
      fc.constantFrom({ do: 'return' as const }, { do: 'forget' as const }),
    );
    const where = fc.constantFrom(null, { phase: ['WAITING', 'READY'] }, { name: 'p' });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        where,
        fc.boolean(),
        async (steps, filter, phaseChangesOnly) => {
          const { clock, store, put, open } = setUp();
          const variables = { where: filter, phaseChangesOnly };
          const limits = { updates: 2, sessions: 2 };
          const held = new Map<string, TargetView>();
          let run = 1;
          let cursor: string | null = null;
          let reader = await open(variables, limits);
          const take = async () => {
            reader.resume();
            for (const { targetChanges } of await reader.drain()) {
              if (targetChanges.reset) held.clear();
              for (const { type, target, previousPhase } of targetChanges.changes) {
                expect(held.has(target.id)).toBe(type !== 'ADDED');
                if (phaseChangesOnly && type === 'MODIFIED') expect(target.phase).not.toBe(previousPhase);
                if (type === 'DELETED') held.delete(target.id);
                else held.set(target.id, target);
              }
              cursor = targetChanges.cursor;
            }
          };
          for (const item of steps) {
            await clock.advance(1_000);
            if (item.do === 'put') put(item.targets, `run-${run}`);
            else if (item.do === 'restart') run += 1;
            else if (item.do === 'pause') reader.pause();
            else if (item.do === 'pull') await take();
            else if (item.do === 'return') {
              reader.end();
              reader = await open({ ...variables, since: cursor }, limits);
            } else {
              store.apply('test', { type: 'remove', id: ID });
              if (item.do === 'forget') store.forget('test');
            }
          }
          await take();
          reader.end();
          const shown = ({ id, name, phase, ...rest }: TargetView) =>
            phaseChangesOnly ? { id, name, phase } : { id, name, phase, ...rest };
          const { data } = await query(
            store,
            `query ($where: TargetFilter) { targets(where: $where) { ${FIELDS} } }`,
            {
              where: filter,
            },
          );
          const newest: { targets: TargetView[] } = JSON.parse(JSON.stringify(data));
          const inOrder = (targets: TargetView[]) =>
            targets.map(shown).sort((a, b) => (a.id < b.id ? -1 : 1));
          expect(inOrder([...held.values()])).toEqual(inOrder(newest.targets));
        },
      ),
      { numRuns: 200 },
    );
  });
});
