import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionFacts } from '../../src/model/facts.js';
import { createStore } from '../../src/store/store.js';
import { resourceFacts, withFacts } from '../support/facts.js';
import { targetExcerpt } from '../support/log-lines.js';
import { createManualClock } from '../support/manual-clock.js';
import { query } from '../support/queries.js';
import { session, type TargetStates } from '../support/sessions.js';
import { subscribeTo } from '../support/subscriptions.js';

interface Payload {
  readonly targetChanges: {
    readonly cursor: string;
    readonly reset: boolean;
    readonly session: object | null;
    readonly changes: readonly { readonly type: string; readonly target: { readonly name: string } }[];
  };
}

function setUp() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  store.apply('test', { type: 'snapshot', sessions: [] });
  return {
    store,
    put: (targets: TargetStates, resources: Parameters<typeof withFacts>[1], others = {}) =>
      store.apply('test', { type: 'upsert', session: withFacts(session('a', targets), resources, others) }),
  };
}

const names = (payloads: readonly Payload[]) =>
  payloads.map(({ targetChanges: { changes } }) =>
    changes.map(({ type, target }) => `${type} ${target.name}`),
  );

const EXCERPT = 'state { ... on TargetStateTerminated { excerpt { omitted isFinal lines { text } } } }';

describe('S3 fold with facts', () => {
  it('a target whose blockers changed is MODIFIED, although the target itself is unchanged', async () => {
    const { store, put } = setUp();
    put({ 'api:serve': 'running', 'web:serve': 'waiting' }, { web: {} });
    const reader = await subscribeTo<Payload>(
      store,
      'subscription { targetChanges { changes { type target { name blockedBy { name } } } } }',
    );
    await reader.drain();
    put({ 'api:serve': 'running', 'web:serve': 'waiting' }, { web: { on: ['api'] } });
    expect(names(await reader.drain())).toEqual([['MODIFIED web:serve']]);
    put({ 'api:serve': 'failed', 'web:serve': 'waiting' }, { web: { on: ['api'] } });
    expect(names(await reader.drain())).toEqual([['MODIFIED api:serve']]);
  });

  it('a target whose root cause enters another phase is MODIFIED for a reader of that phase', async () => {
    const { store, put } = setUp();
    const resources = { web: { on: ['api'] }, api: { on: ['db'] } };
    put({ 'db:serve': 'running', 'api:serve': 'waiting', 'web:serve': 'waiting' }, resources);
    const reader = await subscribeTo<Payload>(
      store,
      'subscription { targetChanges { changes { type target { name rootCause { name phase } } } } }',
    );
    await reader.drain();
    put({ 'db:serve': 'failed', 'api:serve': 'waiting', 'web:serve': 'waiting' }, resources);
    expect(names(await reader.drain())).toEqual([
      ['MODIFIED api:serve', 'MODIFIED db:serve', 'MODIFIED web:serve'],
    ]);
  });

  it('a target whose root cause has another excerpt is MODIFIED for a reader of that excerpt', async () => {
    const { store, put } = setUp();
    const targets = { 'api:update': 'failed', 'web:serve': 'waiting' } as const;
    const resources = { web: { on: ['api'] } };
    put(targets, resources);
    const reader = await subscribeTo<Payload>(
      store,
      `subscription { targetChanges { changes { type target { name rootCause { ${EXCERPT} } } } } }`,
    );
    await reader.drain();
    put(targets, resources, { excerpts: [targetExcerpt('api:update')] });
    expect(names(await reader.drain())).toEqual([['MODIFIED web:serve']]);
  });

  it('a target is MODIFIED when another blocker is added between blockers that it had before', async () => {
    const { store, put } = setUp();
    const targets = { 'db:serve': 'running', 'api:serve': 'waiting', 'web:serve': 'waiting' } as const;
    put(targets, { web: { on: ['api', 'db'] } });
    const reader = await subscribeTo<Payload>(
      store,
      'subscription { targetChanges(where: { name: "web:*" }) { changes { type target { name blockedBy { blockedBy { name } } } } } }',
    );
    await reader.drain();
    put(targets, { web: { on: ['api', 'db'] }, api: { on: ['db'] } });
    expect(names(await reader.drain())).toEqual([['MODIFIED web:serve']]);
  });

  it('a target whose labels become known enters a filter by label as ADDED, and leaves it as DELETED', async () => {
    const { store, put } = setUp();
    put({ 'api:serve': 'running' }, {});
    const reader = await subscribeTo<Payload>(
      store,
      'subscription { targetChanges(where: { label: "back*" }) { changes { type target { name } } } }',
    );
    expect(names(await reader.drain())).toEqual([[]]);
    put({ 'api:serve': 'running' }, { api: { labels: ['backend'] } });
    expect(names(await reader.drain())).toEqual([['ADDED api:serve']]);
    put({ 'api:serve': 'running' }, { api: { labels: ['frontend'] } });
    expect(names(await reader.drain())).toEqual([['DELETED api:serve']]);
  });

  const TARGETS = ['a:serve', 'b:update', 'c:serve', 'd:update'] as const;
  const resource = fc.record({
    on: fc.subarray(['a', 'b', 'c', 'd', 'gone']),
    labels: fc.subarray(['backend', 'frontend']),
    triggerMode: fc.constantFrom('auto' as const, 'manual' as const),
    hasPendingChanges: fc.boolean(),
    queued: fc.boolean(),
  });
  const facts: fc.Arbitrary<SessionFacts | undefined> = fc.option(
    fc.record({
      resources: fc.option(
        fc
          .record({ a: resource, b: resource, c: resource, d: resource })
          .map((all) =>
            Object.entries(all).map(([name, { on, ...options }]) => resourceFacts(name, { on, ...options })),
          ),
      ),
      cluster: fc.option(fc.record({ error: fc.option(fc.constant('refused')) })),
      webUrl: fc.option(fc.constant('http://localhost:10350')),
      excerpts: fc
        .uniqueArray(fc.record({ target: fc.constantFrom(...TARGETS), omitted: fc.nat(1) }), {
          selector: ({ target }) => target,
        })
        .map((all) => all.map(({ target, omitted }) => targetExcerpt(target, { omitted }))),
    }),
    { nil: undefined },
  );
  const targets = fc.record(
    Object.fromEntries(
      TARGETS.map((name) => [
        name,
        fc.constantFrom('waiting' as const, 'running' as const, 'ready' as const, 'failed' as const),
      ]),
    ),
    { requiredKeys: [] },
  );

  const TARGET_SELECTIONS = [
    'name phase',
    'name blockedBy { name } rootCause { name }',
    'name blockedBy { name phase } rootCause { name phase }',
    'name blockedBy { name blockedBy { name phase blockedBy { name phase } } }',
    `name ${EXCERPT}`,
    `name blockedBy { name ${EXCERPT} }`,
    `name rootCause { name ${EXCERPT} } phase`,
  ];
  const SESSION_SELECTIONS = [
    'id',
    'cluster { error }',
    'verdict { state reason untriggered { name } }',
    `verdict { failed { name ${EXCERPT} } }`,
    'resources { name labels hasPendingChanges waitingOn { kind name } tiltUrl }',
    'counts { waiting running ready failed }',
    'status { targets { name phase } }',
    'resources { name counts { total ready } targets { name } }',
    'verdict { notReady { name since } waiting { name blockedBy { name } } }',
    'status { targets { name rootCause { name phase } } }',
  ];

  it('a client that applies the changes holds exactly the newest state, whatever it selects and however slow it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ targets, facts, pause: fc.boolean(), skipFacts: fc.boolean() }), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.constantFrom(...TARGET_SELECTIONS),
        fc.constantFrom(...SESSION_SELECTIONS),
        fc.constantFrom(
          '',
          '(where: { label: "back*" })',
          '(where: { name: "a*" })',
          '(phaseChangesOnly: true)',
        ),
        async (steps, ofTarget, ofSession, options) => {
          const store = createStore({ clock: createManualClock(), epoch: 'e' });
          store.open('test');
          store.apply('test', { type: 'snapshot', sessions: [session('a')] });
          const reader = await subscribeTo<Payload>(
            store,
            `subscription { targetChanges${options} { reset session { ${ofSession} } changes { type target { ${ofTarget} } } } }`,
          );
          const folded = new Map<string, object>();
          let shown: object | null = null;
          const take = async () => {
            for (const { targetChanges } of await reader.drain()) {
              if (targetChanges.reset) folded.clear();
              shown = targetChanges.session;
              for (const { type, target } of targetChanges.changes) {
                if (type === 'DELETED') folded.delete(target.name);
                else folded.set(target.name, target);
              }
            }
          };
          let known: SessionFacts | undefined;
          for (const step of steps) {
            if (!step.skipFacts) known = step.facts;
            const next = session('a', step.targets as TargetStates);
            store.apply('test', { type: 'upsert', session: known ? { ...next, facts: known } : next });
            if (step.pause) reader.pause();
            else reader.resume();
            await take();
          }
          reader.resume();
          await take();
          const filter = options.includes('where') ? options : '';
          const { data: newest } = await query<{ targets: { name: string }[]; session: object }>(
            store,
            `{ targets${filter} { ${ofTarget} } session { ${ofSession} } }`,
          );
          expect(shown).toEqual(newest.session);
          // Fields that change within a phase may be outdated then.
          if (options.includes('phaseChangesOnly')) return;
          expect([...folded.values()].sort(byName)).toEqual([...newest.targets].sort(byName));
        },
      ),
      { numRuns: 300 },
    );
  });
});

function byName(a: object, b: object): number {
  const name = (of: object) => ('name' in of ? String(of.name) : '');
  return name(a) < name(b) ? -1 : 1;
}

describe('S6 no noise from facts', () => {
  const BEFORE = { api: { labels: ['backend'] } };
  const AFTER = { api: { labels: ['backend'], hasPendingChanges: true } };

  it.each([
    [
      'targetChanges { session { id counts { total } verdict { state reason } } changes { type target { name } } }',
    ],
    [
      'targetChanges { session { cluster { error } resources { name labels } } changes { target { blockedBy { name } } } }',
    ],
    ['sessionChanges { changes { session { id verdict { state } resources { name labels } } } }'],
    ['session { id resources { labels } cluster { error } }'],
  ])('nothing is sent for facts that are not selected: %s', async (selection) => {
    const { store, put } = setUp();
    put({ 'api:serve': 'ready' }, BEFORE);
    const reader = await subscribeTo(store, `subscription { ${selection} }`);
    await reader.drain();
    put({ 'api:serve': 'ready' }, AFTER);
    expect(await reader.drain()).toEqual([]);
  });

  it.each([
    ['targetChanges { session { resources { hasPendingChanges } } }'],
    ['sessionChanges { changes { session { resources { hasPendingChanges } } } }'],
    ['session { resources { hasPendingChanges } }'],
  ])('a change of selected facts is sent: %s', async (selection) => {
    const { store, put } = setUp();
    put({ 'api:serve': 'ready' }, BEFORE);
    const reader = await subscribeTo(store, `subscription { ${selection} }`);
    await reader.drain();
    put({ 'api:serve': 'ready' }, AFTER);
    expect(await reader.drain()).toHaveLength(1);
  });

  it.each([
    [
      'targetChanges { session { id verdict { state failed { name } } } changes { target { name state { __typename } } } }',
    ],
    ['sessionChanges { changes { session { verdict { failed { name } } } } }'],
    ['session { resources { labels targets { name phase } } }'],
    [`targetChanges(where: { name: "web:*" }) { changes { target { ${EXCERPT} } } }`],
  ])('nothing is sent for an excerpt that is not selected: %s', async (selection) => {
    const { store, put } = setUp();
    put({ 'api:update': 'failed' }, BEFORE);
    const reader = await subscribeTo(store, `subscription { ${selection} }`);
    await reader.drain();
    put({ 'api:update': 'failed' }, BEFORE, { excerpts: [targetExcerpt('api:update')] });
    expect(await reader.drain()).toEqual([]);
  });

  it.each([
    [`targetChanges { session { verdict { failed { ${EXCERPT} } } } changes { target { name } } }`],
    [`targetChanges { changes { target { ${EXCERPT} } } }`],
    [`sessionChanges { changes { session { verdict { failed { ${EXCERPT} } } } } }`],
    [`session { status { targets { ${EXCERPT} } } }`],
  ])('each change of a selected excerpt is sent: %s', async (selection) => {
    const { store, put } = setUp();
    put({ 'api:update': 'failed' }, BEFORE);
    const reader = await subscribeTo(store, `subscription { ${selection} }`);
    await reader.drain();
    for (const isFinal of [false, true]) {
      put({ 'api:update': 'failed' }, BEFORE, { excerpts: [targetExcerpt('api:update', { isFinal })] });
      const sent = await reader.drain();
      expect(sent).toHaveLength(1);
      expect(JSON.stringify(sent)).toContain(`"isFinal":${isFinal}`);
    }
  });

  it.each([
    [false, 0],
    [true, 1],
  ])('an excerpt with a directive is sent if it is included: %s', async (excerpts, payloads) => {
    const { store, put } = setUp();
    put({ 'api:update': 'failed' }, BEFORE);
    const reader = await subscribeTo(
      store,
      `subscription ($excerpts: Boolean!) { targetChanges { changes { target {
        state { ... on TargetStateTerminated { excerpt @include(if: $excerpts) { omitted } } } } } } }`,
      { excerpts },
    );
    await reader.drain();
    put({ 'api:update': 'failed' }, BEFORE, { excerpts: [targetExcerpt('api:update')] });
    expect(await reader.drain()).toHaveLength(payloads);
  });

  it('an operation that shows facts only sends nothing for changes of targets, and a payload for a new resource', async () => {
    const { store, put } = setUp();
    put({ 'api:serve': 'running' }, BEFORE);
    const reader = await subscribeTo<object>(store, 'subscription { session { resources { name labels } } }');
    await reader.drain();
    put({ 'api:serve': 'ready' }, BEFORE);
    expect(await reader.drain()).toEqual([]);
    put({ 'api:serve': 'ready', 'web:serve': 'ready' }, BEFORE);
    expect(await reader.drain()).toEqual([
      {
        session: {
          resources: [
            { name: 'api', labels: ['backend'] },
            { name: 'tiltfile', labels: null },
            { name: 'web', labels: null },
          ],
        },
      },
    ]);
  });

  it('equal facts in new objects are no revision', () => {
    const { store, put } = setUp();
    put({ 'api:serve': 'ready' }, BEFORE, { cluster: { error: null } });
    const { revision } = store;
    put({ 'api:serve': 'ready' }, BEFORE, { cluster: { error: null } });
    expect(store.revision).toBe(revision);
  });
});
