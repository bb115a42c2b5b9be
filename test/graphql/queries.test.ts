import { isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';
import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import { createStore } from '../../src/store/store.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { buildQueryOfEveryField } from '../support/every-field.js';
import { createManualClock } from '../support/manual-clock.js';
import { query } from '../support/queries.js';
import { readWatchRecording } from '../support/recording.js';
import { sessionJson } from '../support/session-json.js';
import { asDemo, session } from '../support/sessions.js';

const schema = createSchema(subscriptionResolvers);

function storeOf(...sessions: Session[]) {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  store.apply('test', { type: 'snapshot', sessions });
  return store;
}

function lastOf(name: 'up' | 'ci-bad'): { object: { status: { targets: unknown } } } {
  return JSON.parse(readWatchRecording(name).at(-1)?.line ?? '');
}

const EVERY_PHASE = {
  a: 'inactive',
  b: 'disabled',
  c: 'waiting',
  d: 'running',
  'e:serve': 'ready',
  f: 'succeeded',
  g: 'failed',
  h: 'retrying',
} as const;

describe('the schema', () => {
  it('describes every type, field, argument and enum value', () => {
    const missing: string[] = [];
    const need = (what: string, { description }: { description?: string | null | undefined }) => {
      if (!description) missing.push(what);
    };
    for (const type of Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))) {
      need(type.name, type);
      if (isEnumType(type)) for (const value of type.getValues()) need(`${type.name}.${value.name}`, value);
      if (isInputObjectType(type))
        for (const field of Object.values(type.getFields())) need(`${type.name}.${field.name}`, field);
      if (isObjectType(type) || isInterfaceType(type)) {
        for (const field of Object.values(type.getFields())) {
          need(`${type.name}.${field.name}`, field);
          for (const arg of field.args) need(`${type.name}.${field.name}(${arg.name})`, arg);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  it('has no mutations', () => {
    expect(schema.getMutationType()).toBeFalsy();
  });

  it('resolves every field, with every kind of state', async () => {
    const recorded = decodeSession(lastOf('up').object, 'tilt-default');
    const document = buildQueryOfEveryField(schema, { id: '"tilt-default/Tiltfile"', name: '"api:serve"' });
    for (const sessions of [[], [recorded], [session('tilt-default', EVERY_PHASE)]]) {
      const { data, errors } = await query(storeOf(...sessions), document);
      expect(errors).toBeUndefined();
      expect(data).not.toBeNull();
    }
  });
});

describe('a Session', () => {
  it('equals the recorded object, field by field', async () => {
    const { object } = lastOf('up');
    const { data, errors } = await query<{ session: object }>(
      storeOf(decodeSession(object, 'tilt-default')),
      `{ session {
        id instance apiVersion kind
        metadata { name uid resourceVersion creationTimestamp annotations { key value }
          ownerReferences { apiVersion kind name uid controller blockOwnerDeletion }
          managedFields { manager operation apiVersion time fieldsType fieldsV1 } }
        spec { tiltfilePath exitCondition ci { timeout readinessTimeout k8sGracePeriod } }
        status { done pid startTime error targets { name type resources state { __typename
          ... on TargetStateActive { startTime ready lastReadyTime }
          ... on TargetStateTerminated { startTime finishTime error graceStatus } } } }
      } }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toMatchSnapshot();
    expect(JSON.stringify(data)).toContain('2026-11-22T11:43:17.457171Z');
  });

  it('has targets in every phase, counts, resources and a verdict', async () => {
    const { data } = await query<{ session: { status: { targets: { name: string; phase: string }[] } } }>(
      storeOf(session('a', EVERY_PHASE)),
      `{ session {
        status { targets { name phase durationSeconds secondsToReady state { __typename
          ... on TargetStateWaiting { summary } ... on TargetStateActive { summary }
          ... on TargetStateTerminated { summary } ... on TargetStateDisabled { summary } } } }
        counts { total inactive disabled waiting running ready succeeded failed retrying }
        resources { name counts { total } targets { id } }
        verdict { state final reason waiting { name } notReady { name } retrying { name } failed { name } }
        connection { state since error }
      } }`,
    );
    expect(data).toMatchSnapshot();
  });

  it('has null for inactive states and for zero times', async () => {
    const targets = [
      {
        name: 'x:runtime',
        type: 'server',
        state: { terminated: { startTime: null, finishTime: null, error: '' } },
      },
      { name: 'y', type: 'novel', state: {} },
    ];
    const { data } = await query(
      storeOf(decodeSession(sessionJson({ targets }), 'a')),
      '{ targets { name type phase state { ... on TargetStateTerminated { startTime finishTime error summary } } durationSeconds } }',
    );
    expect(data).toEqual({
      targets: [
        {
          name: 'x:runtime',
          type: 'SERVER',
          phase: 'SUCCEEDED',
          state: { startTime: null, finishTime: null, error: null, summary: 'succeeded' },
          durationSeconds: null,
        },
        { name: 'y', type: 'UNKNOWN', phase: 'INACTIVE', state: null, durationSeconds: null },
      ],
    });
  });

  it('has the history of a target, or its newest part', async () => {
    const store = storeOf(session('a', { x: 'waiting' }));
    store.apply('test', { type: 'upsert', session: session('a', { x: 'running' }) });
    store.apply('test', { type: 'upsert', session: session('a', { x: 'succeeded' }) });
    const ask = async (last: number) =>
      query(store, `{ target(name: "x") { history(last: ${last}) { phase time state { __typename } } } }`);
    expect((await ask(2)).data).toEqual({
      target: {
        history: [
          { phase: 'RUNNING', time: '2026-11-22T12:00:00.000Z', state: { __typename: 'TargetStateActive' } },
          {
            phase: 'SUCCEEDED',
            time: '2026-11-22T12:00:00.000Z',
            state: { __typename: 'TargetStateTerminated' },
          },
        ],
      },
    });
    expect((await ask(0)).data).toEqual({ target: { history: [] } });
    expect((await ask(-1)).errors?.[0]).toMatchObject({
      message: 'last: expected 0 to 50, got -1.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});

describe('finding Sessions and targets', () => {
  const store = storeOf(session('a', { x: 'ready' }), session('b', { x: 'failed', 'y:serve': 'waiting' }));

  it('needs no id if one Session is known, and lists the ids otherwise', async () => {
    expect((await query(storeOf(session('a')), '{ session { id } }')).data).toEqual({
      session: { id: 'a/Tiltfile' },
    });
    expect((await query(storeOf(), '{ session { id } target(name: "x") { id } }')).data).toEqual({
      session: null,
      target: null,
    });
    expect((await query(store, '{ session { id } }')).errors?.[0]).toMatchObject({
      message: '2 Sessions are known. Specify the id of one: a/Tiltfile, b/Tiltfile.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  it.each<[string, Session[], string[], string]>([
    ['the only one that is not GONE', [session('a'), session('b'), session('c')], ['a', 'c'], 'b/Tiltfile'],
    ['the only one that is known, though it is GONE', [session('a')], ['a'], 'a/Tiltfile'],
    ['a real one, next to the demonstration', [session('b'), asDemo(session('a'))], [], 'b/Tiltfile'],
    [
      'one that is GONE, next to the demonstration',
      [session('b'), asDemo(session('a'))],
      ['b'],
      'b/Tiltfile',
    ],
    ['the demonstration, where nothing else is known', [asDemo(session('a'))], [], 'a/Tiltfile'],
    [
      'none of two that run, which are listed before one that is GONE',
      [session('a'), session('b'), session('c')],
      ['a'],
      '3 Sessions are known. Specify the id of one: b/Tiltfile, c/Tiltfile, a/Tiltfile.',
    ],
    [
      'none of two that are GONE',
      [session('a'), session('b')],
      ['a', 'b'],
      '2 Sessions are known. Specify the id of one: a/Tiltfile, b/Tiltfile.',
    ],
  ])('resolves a missing id to %s', async (_, sessions, gone, expected) => {
    const store = storeOf(...sessions);
    for (const instance of gone) store.apply('test', { type: 'remove', id: `${instance}/Tiltfile` });
    const { data, errors } = await query(store, '{ session { id } }');
    expect(errors?.[0]?.message ?? data).toEqual(errors ? expected : { session: { id: expected } });
  });

  it('finds any object by its id', async () => {
    const ask = (id: string) =>
      query(store, 'query ($id: ID!) { node(id: $id) { __typename id } }', { id }).then(({ data }) => data);
    expect(await ask('a/Tiltfile')).toEqual({ node: { __typename: 'Session', id: 'a/Tiltfile' } });
    expect(await ask('b/Tiltfile#y:serve')).toEqual({
      node: { __typename: 'Target', id: 'b/Tiltfile#y:serve' },
    });
    for (const id of ['', 'a', '#', 'a/Tiltfile#', 'a/Tiltfile#nobody'])
      expect(await ask(id)).toEqual({ node: null });
  });

  it.each([
    ['{}', ['a#tiltfile:update', 'a#x', 'b#tiltfile:update', 'b#x', 'b#y:serve']],
    ['{ phase: [READY, FAILED] }', ['a#x', 'b#x']],
    ['{ type: [JOB] }', ['a#tiltfile:update', 'b#tiltfile:update']],
    ['{ resource: ["y", "nobody"] }', ['b#y:serve']],
    ['{ name: "*:update" }', ['a#tiltfile:update', 'b#tiltfile:update']],
    ['{ instance: "b", name: "?" }', ['b#x']],
    ['{ session: ["a/Tiltfile"], phase: [READY] }', ['a#x']],
    ['{ phase: [] }', []],
  ])('targets(where: %s)', async (where, expected) => {
    const { data } = await query<{ targets: { id: string }[] }>(store, `{ targets(where: ${where}) { id } }`);
    expect(data.targets.map(({ id }) => id.replace('/Tiltfile', ''))).toEqual(expected);
  });

  it.each([
    ['{ instance: "?" }', ['a', 'b']],
    ['{ instance: "b*" }', ['b']],
    ['{ name: "Tilt*" }', ['a', 'b']],
    ['{ name: "other" }', []],
    ['{ verdict: [FAILED] }', ['b']],
    ['{ verdict: [PASSED], connection: [LIVE] }', ['a']],
    ['{ connection: [STALE, GONE] }', []],
    ['{ target: { phase: [WAITING], resource: ["y"] } }', ['b']],
  ])('sessions(where: %s)', async (where, expected) => {
    const { data } = await query<{ sessions: { nodes: { instance: string }[] } }>(
      store,
      `{ sessions(where: ${where}) { nodes { instance } } }`,
    );
    expect(data.sessions.nodes.map(({ instance }) => instance)).toEqual(expected);
  });
});

describe('pages of Sessions', () => {
  interface Page {
    sessions: {
      nodes: { instance: string }[];
      totalCount: number;
      pageInfo: { endCursor: string; hasNextPage: boolean; hasPreviousPage: boolean };
    };
  }
  const PAGE = `query ($first: Int, $after: String) { sessions(first: $first, after: $after) {
    nodes { instance } edges { cursor node { id } } totalCount
    pageInfo { endCursor hasNextPage hasPreviousPage }
  } }`;

  it('contain each Session once while others are added and removed', async () => {
    const store = storeOf(...['a', 'b', 'c', 'd', 'e'].map((instance) => session(instance)));
    const first = (await query<Page>(store, PAGE, { first: 2 })).data.sessions;
    expect(first).toMatchObject({
      nodes: [{ instance: 'a' }, { instance: 'b' }],
      totalCount: 5,
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    store.apply('test', { type: 'remove', id: 'b/Tiltfile' });
    store.forget('test');
    store.apply('test', { type: 'upsert', session: session('aa') });
    const second = (await query<Page>(store, PAGE, { first: 2, after: first.pageInfo.endCursor })).data
      .sessions;
    expect(second.nodes).toEqual([{ instance: 'c' }, { instance: 'd' }]);
    const third = (await query<Page>(store, PAGE, { first: 2, after: second.pageInfo.endCursor })).data
      .sessions;
    expect(third).toMatchObject({
      nodes: [{ instance: 'e' }],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
  });

  it.each([
    [{ first: 0 }, 'first: expected 1 to 1000, got 0.'],
    [{ first: 1001 }, 'first: expected 1 to 1000, got 1001.'],
    [{ after: 'junk' }, 'after: expected a cursor of this connection, got "junk".'],
  ])('reject %j with a message of one line', async (variables, message) => {
    const { errors } = await query(storeOf(), PAGE, variables);
    expect(errors?.[0]).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
  });
});

describe('the gateway', () => {
  it('reports its version and its sources', async () => {
    const store = storeOf(session('a'));
    store.open('crashed');
    store.apply('crashed', { type: 'stale', error: 'connection refused' });
    store.open('new');
    const { data } = await query(
      store,
      '{ gateway { version sources { name state since error sessionCount } } }',
    );
    const since = '2026-11-22T12:00:00.000Z';
    expect(data).toEqual({
      gateway: {
        version: 'test',
        sources: [
          { name: 'test', state: 'LIVE', since, error: null, sessionCount: 1 },
          { name: 'crashed', state: 'STALE', since, error: 'connection refused', sessionCount: 0 },
          { name: 'new', state: 'CONNECTING', since, error: null, sessionCount: 0 },
        ],
      },
    });
  });
});
