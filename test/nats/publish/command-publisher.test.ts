import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../../src/model/decode.js';
import { computeVerdict } from '../../../src/model/verdict.js';
import {
  toFinalState,
  toRunningState,
  toStartState,
  toUnreadState,
} from '../../../src/nats/publish/command-publisher.js';
import type { SessionState } from '../../../src/nats/publish/owned-key.js';
import { toCurrentState } from '../../../src/nats/publish/publisher.js';
import type { SessionRecord } from '../../../src/store/record.js';
import { createStore } from '../../../src/store/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { sessionJson } from '../../support/session-json.js';

const RUN = { uid: 'run', pid: 7, startTime: '2026-11-22T11:00:00.000Z' };
const FAILED = { code: 1, how: 'exited with code 1' };
const SUCCEEDED = { code: 0, how: 'exited with code 0' };
const LEFT = 'its entry is gone';

interface Case {
  readonly exitCondition: 'ci' | 'manual';
  readonly status?: object;
  readonly hasLeft?: boolean;
}

function recordOf({ exitCondition, status = {}, hasLeft = false }: Case): SessionRecord {
  const store = createStore({ clock: createManualClock(), epoch: 'test' });
  const json = {
    ...sessionJson({ status: { ...status } }),
    spec: { tiltfilePath: '/Tiltfile', exitCondition },
  };
  store.open('tilt');
  store.apply('tilt', { type: 'snapshot', sessions: [decodeSession(json, 'a')] });
  if (hasLeft) store.apply('tilt', { type: 'remove', id: 'a/Tiltfile', reason: LEFT });
  const record = store.get('a/Tiltfile');
  store.dispose();
  if (!record) throw new Error('expected a record');
  return record;
}

/** Connection, verdict and reason as readers see them. */
function read({ session, connection, error }: SessionState) {
  const { state, reason } = computeVerdict(session, connection);
  return { connection, error, verdict: state, reason };
}

describe('the state of a run whose Session is unknown', () => {
  it('is STALE at its start, with the process of the command, and never final', () => {
    const state = toStartState(RUN, 'ci.1');
    expect(state.session).toMatchObject({
      id: 'ci.1/Tiltfile',
      metadata: { uid: 'run' },
      spec: { exitCondition: 'ci' },
      status: { pid: 7, startTime: RUN.startTime, done: false, targets: [] },
    });
    expect(read(state)).toMatchObject({ connection: 'stale', verdict: 'unknown' });
  });

  it.each([
    ['FAILED with an exit code that is not 0', FAILED, 'failed'],
    ['FAILED with a signal', { code: 143, how: 'was ended by SIGTERM' }, 'failed'],
    ['unknown with 0, never passed', SUCCEEDED, 'unknown'],
  ])('ends as %s', (_, end, verdict) => {
    const error = `the command ${end.how} before its Session could be read`;
    expect(read(toUnreadState(RUN, 'ci.1', end))).toMatchObject({ connection: 'gone', error, verdict });
    expect(toUnreadState(RUN, 'ci.1', end).session.metadata.uid).toBe(
      toStartState(RUN, 'ci.1').session.metadata.uid,
    );
  });

  it('contains the error of a command that could not be run', () => {
    const end = { code: 127, how: 'could not be run (spawn tilt ENOENT)' };
    expect(toUnreadState({ ...RUN, pid: null }, 'ci.1', end).error).toBe(
      'the command could not be run (spawn tilt ENOENT)',
    );
  });
});

describe('the state of a Session while its command runs', () => {
  it.each<[string, Case, string]>([
    ['a `tilt ci` that runs is LIVE', { exitCondition: 'ci' }, 'live'],
    ['a `tilt ci` that left without a result is STALE', { exitCondition: 'ci', hasLeft: true }, 'stale'],
    [
      'a `tilt ci` that left with a result is GONE',
      { exitCondition: 'ci', status: { done: true }, hasLeft: true },
      'gone',
    ],
    ['a `tilt up` that left is GONE', { exitCondition: 'manual', hasLeft: true }, 'gone'],
  ])('%s', (_, options, connection) => {
    const content = { record: recordOf(options), conflict: null };
    expect(toRunningState(content)).toEqual({ ...toCurrentState(content), connection });
  });
});

describe('the final state of a Session whose command has ended', () => {
  const open = { exitCondition: 'ci' } as const;
  const passed = { exitCondition: 'ci', status: { done: true } } as const;
  const failed = { exitCondition: 'ci', status: { done: true, error: 'unit failed' } } as const;
  const up = { exitCondition: 'manual' } as const;
  const early = 'before its Session was done';

  it.each([
    ["Tilt's own result stands: passed", passed, FAILED, 'passed', 'the command exited with code 1'],
    ["Tilt's own result stands: failed", failed, SUCCEEDED, 'failed', 'the command exited with code 0'],
    ['contains the reason why its Tilt left', { ...passed, hasLeft: true }, SUCCEEDED, 'passed', LEFT],
    [
      'without a result is FAILED by the exit code',
      open,
      FAILED,
      'failed',
      `the command exited with code 1 ${early}`,
    ],
    [
      'without a result is unknown with exit code 0',
      open,
      SUCCEEDED,
      'unknown',
      `the command exited with code 0 ${early}`,
    ],
    [
      'of a `tilt up` is unknown, whatever the exit code',
      up,
      FAILED,
      'unknown',
      'the command exited with code 1',
    ],
  ])('%s', (_, options, end, verdict, error) => {
    expect(read(toFinalState(recordOf(options), end))).toMatchObject({ connection: 'gone', verdict, error });
  });

  it('keeps an error that Tilt reported before', () => {
    const state = toFinalState(
      recordOf({ exitCondition: 'ci', status: { error: 'Timeout after 30m0s' } }),
      FAILED,
    );
    expect(read(state)).toMatchObject({ verdict: 'failed', reason: 'Timeout after 30m0s' });
  });
});
