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

describe('a failed update of a manual resource', () => {
  const FAILURE = {
    startTime: '2026-01-01T00:00:00Z',
    finishTime: '2026-01-01T00:00:01Z',
    error: 'exit status 1',
  };
  const FAILED_BEFORE = editedResource('error', [FAILURE, { error: 'an older one' }]);
  const RED = { phase: 'failed', verdict: 'failed', untriggered: [] };

  it('stays failed when a file is edited, until the update that a person triggers has succeeded', () => {
    const { put, store } = setUp();
    put(RAW_STATES.failed, { ...FAILED_BEFORE, hasPendingChanges: false });
    const before = store.get('tilt-default/Tiltfile')?.status.targets[0];
    expect(put(WAITING, { ...FAILED_BEFORE, hasPendingChanges: false })).toEqual(RED);
    expect(put(WAITING, FAILED_BEFORE, 'run-1', [])).toEqual(RED);
    expect(store.get('tilt-default/Tiltfile')?.status.targets[0]).toBe(before);
    expect(put(WAITING, { ...FAILED_BEFORE, queued: true }, 'run-1', []).verdict).toBe('pending');
    expect(put(RAW_STATES.running, FAILED_BEFORE).verdict).toBe('pending');
    expect(put(RAW_STATES.succeeded, MANUAL)).toMatchObject({ phase: 'succeeded', verdict: 'passed' });
    expect(put(WAITING, EDITED)).toMatchObject({ phase: 'untriggered', verdict: 'passed' });
  });

  it('stays failed after it was triggered, until Tilt reports that it is queued', () => {
    const { put } = setUp();
    put(RAW_STATES.failed, { ...FAILED_BEFORE, hasPendingChanges: false });
    expect(put(WAITING, { ...FAILED_BEFORE, hasPendingChanges: false })).toEqual(RED);
    expect(put(WAITING, editedResource('pending'), 'run-1', [])).toMatchObject({ verdict: 'pending' });
  });

  it('stays failed without the facts of a publisher that does not tell failures', () => {
    const { put } = setUp();
    put(RAW_STATES.failed, MANUAL);
    expect(put(WAITING, EDITED)).toEqual(RED);
    expect(put(WAITING, EDITED, 'run-1', [1])).toEqual(RED);
    expect(put(WAITING, EDITED, 'run-1', [0])).toEqual(RED);
  });

  it('is failed for a reader that starts after the edit, with the error and the times of its run', () => {
    const { put, store } = setUp();
    expect(put(WAITING, FAILED_BEFORE)).toEqual(RED);
    const record = store.get('tilt-default/Tiltfile');
    expect(record?.status.targets[0]?.state).toMatchObject({ is: 'terminated', ...FAILURE });
    expect(record && verdictOfRecord(record).reason).toBe('lint:update: exit status 1');
  });

  it('is failed without a reason if Tilt gives none', () => {
    expect(setUp().put(WAITING, editedResource('error'))).toEqual(RED);
  });

  it('is untriggered once Tilt reports no failure any more: a later update has succeeded unseen', () => {
    const { put } = setUp();
    put(WAITING, FAILED_BEFORE);
    expect(put(WAITING, EDITED, 'run-1', [])).toMatchObject({ phase: 'untriggered', verdict: 'passed' });
  });

  it('waits if the run ended unseen, until Tilt says how', () => {
    const { put } = setUp();
    put(RAW_STATES.running, MANUAL);
    expect(put(WAITING, MANUAL).verdict).toBe('pending');
    expect(put(WAITING, FAILED_BEFORE, 'run-1', [])).toEqual(RED);
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
