import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeResource } from '../../src/model/decode-facts.js';
import type { SessionFacts } from '../../src/model/facts.js';
import { computePhase } from '../../src/model/phase.js';
import { verdictOfRecord } from '../../src/store/record.js';
import { createStore } from '../../src/store/store.js';
import { type ResourceOptions, sessionFacts } from '../support/facts.js';
import { createManualClock } from '../support/manual-clock.js';
import { decodeRawSession, type Json, RAW_STATES, rawTarget } from '../support/raw-session.js';

const WAITING = { waiting: { waitReason: 'unknown' } };
const MANUAL: ResourceOptions = { triggerMode: 'manual-with-auto-init' };
const EDITED: ResourceOptions = { ...MANUAL, hasPendingChanges: true };
const TRIGGERED: ResourceOptions = { ...EDITED, queued: true };

function setUp(name = 'lint:update') {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  store.apply('test', { type: 'snapshot', sessions: [] });
  const phases: string[] = [];
  return {
    phases,
    /** Applies a state of the target with facts about `lint`, and returns its phase and the verdict. */
    put(state: Json, lint: ResourceOptions | null, uid = 'run-1', changedTargets?: readonly number[]) {
      const targets = [rawTarget(name, state), rawTarget('tiltfile:update', RAW_STATES.succeeded)];
      const session = decodeRawSession({ metadata: { uid }, status: { targets } });
      const facts: SessionFacts = lint
        ? sessionFacts({ lint })
        : { resources: null, cluster: null, webUrl: null };
      store.apply('test', {
        type: 'upsert',
        session: { ...session, facts },
        ...(changedTargets && { changedTargets }),
      });
      const record = store.get(session.id);
      const [target] = record?.status.targets ?? [];
      if (!record || !target) throw new Error('no record');
      const { state: verdict, untriggered } = verdictOfRecord(record);
      return { phase: computePhase(target), verdict, untriggered: untriggered.map(({ name }) => name) };
    },
    store,
  };
}

/** A manual resource with pending changes as Tilt reports it, which starts it by itself only at first. */
function editedResource(updateStatus: string, buildHistory?: readonly Json[]): ResourceOptions {
  return decodeResource({
    metadata: { name: 'lint' },
    status: { triggerMode: 1, hasPendingChanges: true, updateStatus, buildHistory },
  });
}

describe('a target of a manual resource with pending changes', () => {
  it('is untriggered and does not stop the Session from passing', () => {
    const { put } = setUp();
    put(RAW_STATES.succeeded, MANUAL);
    expect(put(WAITING, EDITED)).toEqual({
      phase: 'untriggered',
      verdict: 'passed',
      untriggered: ['lint:update'],
    });
  });

  it('is untriggered at once if its facts arrive after the Session, and stays so when they do', () => {
    const { put } = setUp();
    put(RAW_STATES.succeeded, MANUAL);
    expect(put(WAITING, MANUAL).phase).toBe('untriggered');
    expect(put(WAITING, EDITED, 'run-1', []).phase).toBe('untriggered');
  });

  it('waits once it is queued, and runs and succeeds as any other', () => {
    const { put } = setUp();
    put(RAW_STATES.succeeded, MANUAL);
    put(WAITING, EDITED);
    expect(put(WAITING, TRIGGERED, 'run-1', [])).toEqual({
      phase: 'waiting',
      verdict: 'pending',
      untriggered: [],
    });
    expect(put(RAW_STATES.running, TRIGGERED).verdict).toBe('pending');
    expect(put(RAW_STATES.succeeded, TRIGGERED).phase).toBe('succeeded');
    expect(put(RAW_STATES.succeeded, MANUAL).phase).toBe('succeeded');
  });

  it('waits while it is updated, although its changes are pending until the end', () => {
    const { put } = setUp();
    put(RAW_STATES.succeeded, MANUAL);
    put(WAITING, EDITED);
    put(WAITING, TRIGGERED, 'run-1', []);
    expect(put(WAITING, { ...EDITED, isUpdating: true }, 'run-1', []).phase).toBe('waiting');
    expect(put(RAW_STATES.succeeded, MANUAL).phase).toBe('succeeded');
  });

  it('waits after it was enabled again, since Tilt may then run it by itself', () => {
    const { put } = setUp();
    put({ disabled: {} }, { ...MANUAL, isDisabled: true });
    expect(put(WAITING, MANUAL).phase).toBe('waiting');
  });

  it('is a change of its target, also for an update of facts alone', () => {
    const { put, store } = setUp();
    put(WAITING, MANUAL);
    const changes: string[][] = [];
    store.subscribe((revision) => changes.push(revision.changes.map(({ target }) => target.name)));
    put(WAITING, EDITED, 'run-1', []);
    expect(changes).toEqual([['lint:update']]);
  });

  it('keeps its mark through an update of another target, which alone is read', () => {
    const { put } = setUp();
    put(WAITING, EDITED);
    expect(put(WAITING, EDITED, 'run-1', [1])).toMatchObject({ phase: 'untriggered', verdict: 'passed' });
    expect(put(WAITING, EDITED, 'run-1', [0]).phase).toBe('untriggered');
    expect(put(RAW_STATES.running, EDITED, 'run-1', [0]).phase).toBe('running');
  });

  it('waits again if its facts are lost: a person may or may not have triggered it', () => {
    const { put } = setUp();
    put(WAITING, EDITED);
    expect(put(WAITING, null, 'run-1', [])).toMatchObject({ phase: 'waiting', verdict: 'pending' });
  });

  it.each(['ok', 'none'])(
    'is untriggered while Tilt reports its update as %s, which it does not start by itself',
    (updateStatus) => {
      expect(setUp().put(WAITING, editedResource(updateStatus))).toMatchObject({
        phase: 'untriggered',
        verdict: 'passed',
      });
    },
  );
});

/** The time of `RAW_STATES` is between the first and the second. */
const TIMES = ['2026-11-22T11:40:00Z', '2026-11-22T11:50:00Z', '2026-11-22T11:55:00Z'] as const;

/** Raw update that took a second. */
function rawUpdate(time: string, error?: string): Json {
  return { startTime: time, finishTime: time.replace('00Z', '01Z'), ...(error !== undefined && { error }) };
}

const [EARLIER, LATER, LATEST] = TIMES;
const RUNS = { active: { startTime: LATER, ready: false, lastReadyTime: null } };
const SUCCEEDED_LATER = { terminated: rawUpdate(LATER) };

describe('a failed update of a manual resource', () => {
  const RED = { phase: 'failed', verdict: 'failed', untriggered: [] };
  const GREEN = { phase: 'untriggered', verdict: 'passed', untriggered: ['lint:update'] };
  const PENDING = { phase: 'waiting', verdict: 'pending', untriggered: [] };
  const FAILURE = { startTime: RAW_STATES.failed.terminated.startTime, error: 'exit status 1' };
  const FAILED = editedResource('error', [
    { ...FAILURE, finishTime: RAW_STATES.failed.terminated.finishTime },
    rawUpdate(EARLIER, 'an older one'),
  ]);

  it('stays failed when a file is edited, until the update that a person triggers has succeeded', () => {
    const { put, store } = setUp();
    put(RAW_STATES.failed, { ...FAILED, hasPendingChanges: false });
    const before = store.get('tilt-default/Tiltfile')?.status.targets[0];
    expect(put(WAITING, { ...FAILED, hasPendingChanges: false })).toEqual(RED);
    expect(put(WAITING, FAILED, 'run-1', [])).toEqual(RED);
    expect(store.get('tilt-default/Tiltfile')?.status.targets[0]).toBe(before);
    expect(put(WAITING, { ...FAILED, queued: true }, 'run-1', [])).toEqual(PENDING);
    expect(put(RUNS, editedResource('in_progress')).verdict).toBe('pending');
    expect(put(SUCCEEDED_LATER, editedResource('ok', [rawUpdate(LATER)]))).toMatchObject({
      phase: 'succeeded',
      verdict: 'passed',
    });
    expect(put(WAITING, editedResource('ok', [rawUpdate(LATER)]))).toEqual(GREEN);
  });

  it('stays failed after it was triggered, until Tilt reports that it is queued', () => {
    const { put } = setUp();
    put(RAW_STATES.failed, FAILED);
    expect(put(WAITING, FAILED)).toEqual(RED);
    expect(put(WAITING, editedResource('pending'), 'run-1', [])).toEqual(PENDING);
  });

  it('stays failed without the results of updates, which publishers did not write before', () => {
    const { put } = setUp();
    put(RAW_STATES.failed, MANUAL);
    expect(put(WAITING, EDITED)).toEqual(RED);
    expect(put(WAITING, EDITED, 'run-1', [1])).toEqual(RED);
    expect(put(WAITING, EDITED, 'run-1', [0])).toEqual(RED);
    expect(put(WAITING, null, 'run-1', [])).toEqual(PENDING);
    expect(put(WAITING, EDITED, 'run-1', [])).toEqual(RED);
    expect(put({ waiting: { waitReason: 'tiltfile-reload' } }, EDITED)).toEqual(PENDING);
    expect(put(WAITING, EDITED)).toEqual(RED);
  });

  it('is failed for a reader that starts after the edit, with the error and the times of its run', () => {
    const { put, store } = setUp();
    expect(put(WAITING, FAILED)).toEqual(RED);
    const record = store.get('tilt-default/Tiltfile');
    expect(record?.status.targets[0]?.state).toMatchObject({ is: 'terminated', ...FAILURE });
    expect(record && verdictOfRecord(record).reason).toBe('lint:update: exit status 1');
  });

  it('has a reason if Tilt gives none, so that it is also failed for readers of its bucket', () => {
    const { put, store } = setUp();
    expect(put(WAITING, editedResource('error'))).toEqual(RED);
    const [target] = store.get('tilt-default/Tiltfile')?.status.targets ?? [];
    expect(target?.state).toMatchObject({ error: 'the update failed' });
  });

  it('is untriggered if a later update succeeded before it was seen, in whatever order that arrives', () => {
    const succeeded = editedResource('ok', [rawUpdate(LATER)]);
    const { put } = setUp();
    put(RAW_STATES.failed, FAILED);
    expect(put(RAW_STATES.failed, succeeded)).toEqual(RED);
    expect(put(WAITING, succeeded)).toEqual(GREEN);
    const other = setUp();
    other.put(RAW_STATES.failed, FAILED);
    expect(other.put(WAITING, FAILED)).toEqual(RED);
    expect(other.put(WAITING, succeeded, 'run-1', [])).toEqual(GREEN);
  });

  it('has the error of the newest failure, seen or not', () => {
    const { put, store } = setUp();
    put(RAW_STATES.failed, FAILED);
    put(WAITING, FAILED);
    expect(put(WAITING, editedResource('error', [rawUpdate(LATER, 'another')]), 'run-1', [])).toEqual(RED);
    const [target] = store.get('tilt-default/Tiltfile')?.status.targets ?? [];
    expect(target?.state).toMatchObject({ error: 'another', finishTime: LATER.replace('00Z', '01Z') });
  });

  it.each<readonly number[] | undefined>([undefined, [], [0]])(
    'stays untriggered when the same states and older facts are repeated (changed targets: %j)',
    (changed) => {
      const { put } = setUp();
      for (const state of [RAW_STATES.failed, WAITING, RUNS, SUCCEEDED_LATER]) put(state, FAILED);
      expect(put(WAITING, FAILED)).toEqual(GREEN);
      expect(put(WAITING, FAILED, 'run-1', changed)).toEqual(GREEN);
    },
  );

  it.each([
    ['failed', editedResource('error', [rawUpdate(LATER, 'boom')]), RED],
    ['succeeded', editedResource('ok', [rawUpdate(LATER)]), GREEN],
  ])('waits if the run ended unseen, until Tilt says that it %s', (_, result, expected) => {
    for (const known of [FAILED, editedResource('ok', [rawUpdate(EARLIER)]), editedResource('none')]) {
      const { put } = setUp();
      put(WAITING, known);
      put(RUNS, known);
      expect(put(WAITING, known)).toEqual(PENDING);
      expect(put(WAITING, known, 'run-1', [0])).toEqual(PENDING);
      expect(put(WAITING, result, 'run-1', [])).toEqual(expected);
    }
  });

  it('fails its target if that belongs to other resources too', () => {
    const { put, store } = setUp();
    const session = decodeRawSession({
      metadata: { uid: 'run-2' },
      status: {
        targets: [
          { ...rawTarget('lint:update', WAITING), resources: ['a', 'lint'] },
          rawTarget('tiltfile:update', RAW_STATES.succeeded),
        ],
      },
    });
    put(WAITING, EDITED);
    const facts = sessionFacts({ a: editedResource('ok', [rawUpdate(LATEST)]), lint: FAILED });
    store.apply('test', { type: 'upsert', session: { ...session, facts } });
    const record = store.get(session.id);
    expect(record && verdictOfRecord(record).state).toBe('failed');
  });

  it('is read the same in whole and by its changes, for any states and facts', () => {
    const states: Json[] = [
      WAITING,
      { waiting: { waitReason: 'tiltfile-reload' } },
      RUNS,
      RAW_STATES.failed,
      SUCCEEDED_LATER,
      RAW_STATES.inactive,
      RAW_STATES.disabled,
    ];
    const resource = fc
      .record({
        triggerMode: fc.constantFrom(0, 1, 2),
        hasPendingChanges: fc.boolean(),
        queued: fc.boolean(),
        updateStatus: fc.constantFrom('ok', 'error', 'in_progress', 'none', undefined),
        buildHistory: fc.constantFrom([], ...TIMES.map((time) => [rawUpdate(time, 'boom')])),
      })
      .map((status) => decodeResource({ metadata: { name: 'lint' }, status }));
    const steps = fc.array(fc.record({ state: fc.nat(states.length - 1), resource: fc.option(resource) }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(steps, (all) => {
        const [whole, byChanges] = [setUp(), setUp()];
        let lint: ResourceOptions = MANUAL;
        let last: number | null = null;
        for (const { state, resource: next } of all) {
          lint = next ?? lint;
          const changed = last === null ? undefined : last === state ? [] : [0];
          last = state;
          const seen = whole.put(states[state] ?? WAITING, lint);
          expect(byChanges.put(states[state] ?? WAITING, lint, 'run-1', changed)).toEqual(seen);
          expect(whole.put(states[state] ?? WAITING, lint)).toEqual(seen);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a server of a manual resource', () => {
  const servers = [['lint:serve'], ['lint:runtime']];

  it.each(servers)('%s is waiting while it is down, whether or not files have changed', (name) => {
    const { put } = setUp(name);
    const down = { phase: 'waiting', verdict: 'pending', untriggered: [] };
    put(RAW_STATES.ready, MANUAL);
    expect(put(WAITING, MANUAL)).toEqual(down);
    expect(put(WAITING, EDITED, 'run-1', [])).toEqual(down);
    expect(put(RAW_STATES.ready, EDITED)).toMatchObject({ phase: 'ready', verdict: 'passed' });
  });

  it.each(servers)('%s is inactive and does not stop the Session if it was never started', (name) => {
    const { put } = setUp(name);
    const edited: ResourceOptions = { triggerMode: 'manual', hasPendingChanges: true };
    expect(put(RAW_STATES.inactive, edited)).toMatchObject({ phase: 'inactive', verdict: 'passed' });
  });
});

describe('a target that is about to run', () => {
  it.each<[string, Json, ResourceOptions]>([
    ['for the first time under its manual trigger mode', WAITING, MANUAL],
    ['of an automatic resource with changes', WAITING, { hasPendingChanges: true }],
    [
      'after changes, with auto_init=False',
      WAITING,
      { triggerMode: 'auto-with-manual-init', hasPendingChanges: true },
    ],
    ['and waits for another resource', WAITING, { ...EDITED, on: ['api'] }],
    ['and waits for a reason that Tilt names', { waiting: { waitReason: 'waiting-for-local' } }, EDITED],
    ['under a trigger mode of a newer Tilt', WAITING, { triggerMode: 'unknown', hasPendingChanges: true }],
    ['for the first time, although files have changed', WAITING, editedResource('pending')],
    ['whose first update runs, although files have changed', WAITING, editedResource('in_progress')],
  ])('is waiting: %s', (_, state, lint) => {
    expect(setUp().put(state, lint)).toMatchObject({ phase: 'waiting', verdict: 'pending', untriggered: [] });
  });

  it('is waiting in a new run of Tilt, whatever the run before had', () => {
    const { put } = setUp();
    put(WAITING, EDITED);
    expect(put(WAITING, MANUAL, 'run-2').phase).toBe('waiting');
  });
});
