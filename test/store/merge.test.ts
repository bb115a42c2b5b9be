import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Session, Target, TargetState } from '../../src/model/session.js';

import type { Revision } from '../../src/store/journal.js';
import { diffRecords } from '../../src/store/merge.js';
import type { RecordChange } from '../../src/store/record.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

const targetStates = fc.constantFrom<TargetState>(
  { is: 'inactive' },
  { is: 'waiting', waitReason: 'on-dep' },
  { is: 'active', startTime: '2026-11-22T11:00:00Z', ready: true, lastReadyTime: null },
);
const anyTargets = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      type: fc.constantFrom<'job' | 'server'>('job', 'server'),
      resources: fc.subarray(['shop', 'db']),
      state: targetStates,
    }),
    { selector: ({ name }) => name },
  )
  .map((all) => all.map((one): Target => ({ ...one, key: one.name, typeText: one.type })));

/** Newer state of a Session, from the same run of Tilt or another. */
const anyNews = fc.record({ targets: anyTargets, uid: fc.constantFrom('run-1', 'run-1', 'run-2') });

describe('the record of a Session that changes', () => {
  it('has the targets of the newest state, and the changes that a diff of both states returns', () => {
    fc.assert(
      fc.property(fc.array(anyNews), (all) => {
        const { apply } = setUp();
        for (const { targets, uid } of all) {
          const { before, after, changes } = apply(targets, uid);
          const now = after?.status.targets ?? [];
          expect(now.map(plain)).toEqual(targets.map(plain));
          expect(changes).toEqual(diffRecords(before, after));
          if (before?.metadata.uid !== uid) continue;
          expect(changes.map(brief)).toEqual(expectedChanges(before.status.targets, targets));
        }
      }),
    );
  });

  it('reuses each unchanged target while the run continues, wherever it moves in the list', () => {
    fc.assert(
      fc.property(anyTargets, fc.array(anyTargets), (first, rest) => {
        const { apply } = setUp();
        apply(first);
        for (const targets of rest) {
          const { before, after, changes } = apply(targets);
          const changed = new Set<Target>(changes.map(({ target }) => target));
          for (const target of after?.status.targets ?? []) {
            if (changed.has(target)) continue;
            expect(target).toBe(before?.status.targets.find(({ name }) => name === target.name));
          }
        }
      }),
    );
  });

  it('adopts a new order, which is no change', () => {
    const { store, apply } = setUp();
    apply([A, B]);
    const { changes } = apply([B, A]);
    expect(changes).toEqual([]);
    expect(store.get('a/Tiltfile')?.status.targets.map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('keeps the history of a target whose state did not change', () => {
    const { store, apply } = setUp();
    apply([A]);
    apply([{ ...A, resources: ['db'] }]);
    expect(store.get('a/Tiltfile')?.status.targets).toMatchObject([
      { resources: ['db'], history: [{ state: A.state }] },
    ]);
  });

  it('reuses unchanged metadata, so that a new resourceVersion costs little memory', () => {
    const { store } = setUp();
    const newer = (resourceVersion: string): Session => {
      const made = session('a', {}, { resourceVersion });
      const managedFields = [{ ...MANAGED, fieldsV1: { 'f:status': { 'f:targets': {} } } }];
      return { ...made, metadata: { ...made.metadata, managedFields } };
    };
    store.apply('tilt', { type: 'upsert', session: newer('1') });
    const before = store.get('a/Tiltfile')?.metadata;
    store.apply('tilt', { type: 'upsert', session: newer('2') });
    const after = store.get('a/Tiltfile')?.metadata;
    expect(after).toEqual({ ...before, resourceVersion: '2' });
    expect(after?.managedFields).toBe(before?.managedFields);
  });
});

describe('targets that a change declares unchanged', () => {
  it('lead to the same record and the same changes as a full comparison', () => {
    fc.assert(
      fc.property(anyTargets, fc.array(fc.tuple(anyTargets, fc.boolean())), (first, rest) => {
        const [brief, full] = [setUp(), setUp()];
        let before = first;
        for (const { apply } of [brief, full]) apply(first);
        for (const [newer, isOtherRun] of rest) {
          // The same targets, some of which have a new state.
          const after = before.map((target) => newer.find(({ name }) => name === target.name) ?? target);
          const changedTargets = after.flatMap((target, index) => (target === before[index] ? [] : [index]));
          const uid = isOtherRun ? 'run-2' : 'run-1';
          expect(plainOf(brief.apply(after, uid, changedTargets))).toEqual(plainOf(full.apply(after, uid)));
          before = after;
        }
      }),
    );
  });

  it('are compared anyway when the last state of the Session was rejected', () => {
    const { store, apply } = setUp();
    const ready: Target = {
      ...B,
      state: { is: 'active', startTime: null, ready: true, lastReadyTime: null },
    };
    store.open('other');
    const made = session('a', {}, { uid: 'run-1' });
    store.apply('other', {
      type: 'upsert',
      session: { ...made, status: { ...made.status, targets: [A, B] } },
    });
    apply([A, ready]);
    store.apply('other', { type: 'remove', id: 'a/Tiltfile' });
    const { after } = apply([{ ...A, resources: ['db'] }, ready], 'run-1', [0]);
    expect(after?.status.targets).toMatchObject([{ name: 'a', resources: ['db'] }, ready]);
  });

  it('are compared anyway when the lists differ', () => {
    const { apply } = setUp();
    apply([A]);
    expect(apply([A, B], 'run-1', [1]).after?.status.targets).toMatchObject([A, B]);
    expect(apply([B, A], 'run-1', [0]).after?.status.targets).toMatchObject([B, A]);
  });
});

function plainOf({ changes, after }: Revision) {
  return { changes, after };
}

const A: Target = {
  name: 'a',
  key: 'a',
  type: 'job',
  typeText: 'job',
  resources: ['shop'],
  state: { is: 'inactive' },
};
const B: Target = { ...A, name: 'b', key: 'b' };

const MANAGED = {
  manager: 'tilt',
  operation: 'Update',
  apiVersion: 'tilt.dev/v1alpha1',
  time: '2026-11-22T11:42:23Z',
  fieldsType: 'FieldsV1',
  subresource: null,
};

function setUp() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('tilt');
  return { store, apply };

  /** The revision of a newer state, or one without changes for a no-op. */
  function apply(targets: readonly Target[], uid = 'run-1', changedTargets?: readonly number[]): Revision {
    const made = session('a', {}, { uid });
    const before = store.get(made.id);
    let revision: Revision = {
      number: 0,
      id: made.id,
      before,
      after: before,
      changes: [],
      sessionChanged: false,
      factsChanged: false,
    };
    const stop = store.subscribe((next) => {
      revision = next;
    });
    store.apply('tilt', {
      type: 'upsert',
      session: { ...made, status: { ...made.status, targets: structuredClone(targets) } },
      ...(changedTargets && { changedTargets }),
    });
    stop();
    return revision;
  }
}

/** Reference implementation of the diff. */
function expectedChanges(before: readonly Target[], after: readonly Target[]): string[] {
  const find = (list: readonly Target[], name: string) => list.find((target) => target.name === name);
  const deleted = before.filter(({ name }) => !find(after, name)).map(({ name }) => `deleted ${name}`);
  const rest = after.flatMap((target) => {
    const previous = find(before, target.name);
    if (!previous) return [`added ${target.name}`];
    return isDeepStrictEqual(plain(previous), plain(target)) ? [] : [`modified ${target.name}`];
  });
  return [...deleted, ...rest];
}

function brief({ type, target }: RecordChange): string {
  return `${type} ${target.name}`;
}

function plain({ name, key, type, typeText, resources, state }: Target): Target {
  return { name, key, type, typeText, resources, state };
}
