import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { sessionJson } from '../support/session-json.js';
import { session } from '../support/sessions.js';
import { subscribeTo } from '../support/subscriptions.js';

interface Payload {
  readonly targetChanges: {
    readonly reset: boolean;
    readonly session: object;
    readonly changes: readonly object[];
  };
}

/** A subscription to the targets `api*` and a part of the Session. */
async function setUp(first: Session, selection: string, options = 'where: { name: "api*" }', fragments = '') {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const put = (next: Session) => store.apply('test', { type: 'upsert', session: next });
  put(first);
  const reader = await subscribeTo<Payload>(
    store,
    `subscription { targetChanges(${options}) { reset session { ${selection} } changes { target { name } } } }
      ${fragments}`,
  );
  const take = async () => (await reader.drain()).map(({ targetChanges }) => targetChanges);
  await take();
  return { put, take, reader };
}

const READY = session('a', { 'api:serve': 'ready', 'web:serve': 'ready' }, { resourceVersion: '1' });
const FAILED = session('a', { 'api:serve': 'ready', 'web:serve': 'failed' }, { resourceVersion: '2' });

/** A Session whose target waits for a reason. */
function waiting(waitReason: string): Session {
  const targets = [
    { name: 'web:serve', type: 'server', resources: ['web'], state: { waiting: { waitReason } } },
  ];
  return decodeSession(sessionJson({ uid: 'one', targets }), 'a');
}

/** A Session with failed targets of one resource in this order, and one that waits for a reason. */
function ordered(names: readonly string[], waitReason = 'on-dep'): Session {
  const state = (name: string) => ({ terminated: { error: `${name} broke` } });
  const failed = names.map((name) => ({ name, type: 'job', resources: ['all'], state: state(name) }));
  const awaited = {
    name: 'web:serve',
    type: 'server',
    resources: ['web'],
    state: { waiting: { waitReason } },
  };
  return decodeSession(sessionJson({ uid: 'one', targets: [...failed, awaited] }), 'a');
}

describe('the Session in targetChanges when only the order of its targets changes', () => {
  const SHOWN = [
    ['verdict { reason }'],
    ['verdict { failed { name } }'],
    ['status { targets { name } }'],
    ['status { targets { since } }'],
    ['resources { targets { name } }'],
  ];

  it.each(SHOWN)('is sent if the order of targets is selected: %s', async (selection) => {
    const { put, take } = await setUp(ordered(['one', 'two']), selection);
    put(ordered(['two', 'one']));
    expect(await take()).toMatchObject([{ reset: false, changes: [] }]);
  });

  it.each(SHOWN)('is sent if another change, which is not selected, comes with it: %s', async (selection) => {
    const { put, take } = await setUp(ordered(['one', 'two']), selection);
    put(ordered(['two', 'one'], 'waiting-for-local'));
    expect(await take()).toMatchObject([{ reset: false, changes: [] }]);
  });

  it.each([
    ['id'],
    ['verdict { state waiting { name } }'],
    ['counts { failed }'],
    ['resources { name counts { failed } }'],
  ])('S6: nothing is sent if no order of targets is selected: %s', async (selection) => {
    const { put, take } = await setUp(ordered(['one', 'two']), selection);
    put(ordered(['two', 'one']));
    expect(await take()).toEqual([]);
  });

  it('S5: a paused reader receives it once, and nothing if it is as before', async () => {
    const { put, take, reader } = await setUp(ordered(['one', 'two']), 'status { targets { name } }');
    const names = ['two', 'one', 'web:serve'].map((name) => ({ name }));
    reader.pause();
    for (const next of [
      ['two', 'one'],
      ['one', 'two'],
      ['two', 'one'],
    ])
      put(ordered(next));
    await take();
    reader.resume();
    expect(await take()).toMatchObject([{ session: { status: { targets: names } }, changes: [] }]);
    reader.pause();
    for (const next of [
      ['one', 'two'],
      ['two', 'one'],
    ])
      put(ordered(next));
    await take();
    reader.resume();
    expect(await take()).toEqual([]);
  });
});

describe('the Session in targetChanges with a filter', () => {
  it('is sent when a target outside of the filter fails', async () => {
    const { put, take } = await setUp(READY, 'verdict { state reason failed { name } } counts { failed }');
    put(FAILED);
    expect(await take()).toEqual([
      {
        reset: false,
        session: {
          verdict: {
            state: 'FAILED',
            reason: 'web:serve: exit status 1',
            failed: [{ name: 'web:serve' }],
          },
          counts: { failed: 1 },
        },
        changes: [],
      },
    ]);
  });

  it.each([
    ['verdict { state }'],
    ['verdict { reason }'],
    ['verdict { failed { name } }'],
    ['counts { ready }'],
    ['status { targets { phase } }'],
    ['status { targets { state { __typename } } }'],
    ['resources { counts { failed } }'],
    ['resources { targets { since } }'],
  ])('is sent if a selected field changes: %s', async (selection) => {
    const { put, take } = await setUp(READY, selection);
    put(FAILED);
    expect(await take()).toMatchObject([{ reset: false, changes: [] }]);
  });

  it.each([
    ['id'],
    ['spec { exitCondition }'],
    ['verdict { final }'],
    ['verdict { waiting { name } }'],
    ['verdict { untriggered { name phase } }'],
    ['counts @skip(if: true) { ready } id'],
    ['status { done targets { name type resources } }'],
    ['resources { name targets { name } }'],
    ['metadata { uid }'],
  ])('S6: nothing is sent if no selected field changes: %s', async (selection) => {
    const { put, take } = await setUp(READY, selection);
    put(FAILED);
    expect(await take()).toEqual([]);
  });

  it('is sent for each list of the verdict as it is selected there, also in a shared fragment', async () => {
    const fragment = 'fragment Shown on Target { name ... on Target { since } }';
    const { put, take } = await setUp(
      READY,
      'verdict { failed { ...Shown } waiting { name } }',
      undefined,
      fragment,
    );
    put(FAILED);
    expect(await take()).toHaveLength(1);
    put(session('a', { 'api:serve': 'ready', 'web:serve': 'waiting' }));
    expect(await take()).toHaveLength(1);
    put(session('a', { 'api:serve': 'ready', 'web:serve': 'running' }));
    expect(await take()).toHaveLength(1);
    put(session('a', { 'api:serve': 'ready', 'web:serve': 'ready' }));
    expect(await take()).toEqual([]);
  });

  it.each(['where: { name: "api*" }', 'phaseChangesOnly: true'])(
    'S6: nothing is sent for a change within a phase if only phases are selected in the Session: %s',
    async (options) => {
      const { put, take } = await setUp(
        waiting('on-dep'),
        'verdict { state waiting { name phase } } counts { waiting } status { targets { name phase } }',
        options,
      );
      put(waiting('waiting-for-local'));
      expect(await take()).toEqual([]);
    },
  );

  it.each(['where: { name: "api*" }', 'phaseChangesOnly: true'])(
    'is sent for a change within a phase if it is selected in the Session: %s',
    async (options) => {
      const selection = 'verdict { waiting { state { ... on TargetStateWaiting { waitReason } } } }';
      const { put, take } = await setUp(waiting('on-dep'), selection, options);
      put(waiting('waiting-for-local'));
      expect(await take()).toEqual([
        {
          reset: false,
          session: { verdict: { waiting: [{ state: { waitReason: 'waiting-for-local' } }] } },
          changes: [],
        },
      ]);
    },
  );

  it('S5: a paused reader receives it once, and nothing if it is as before', async () => {
    const { put, take, reader } = await setUp(READY, 'verdict { state }');
    reader.pause();
    for (const next of [FAILED, READY, FAILED]) put(next);
    await take();
    reader.resume();
    expect(await take()).toMatchObject([{ session: { verdict: { state: 'FAILED' } }, changes: [] }]);
    reader.pause();
    for (const next of [READY, FAILED]) put(next);
    await take();
    reader.resume();
    expect(await take()).toEqual([]);
  });
});
