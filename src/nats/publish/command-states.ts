import { decodeSession } from '../../model/decode.js';
import type { MicroTime } from '../../model/micro-time.js';
import type { Session } from '../../model/session.js';
import type { SessionRecord } from '../../store/record.js';
import { currentState, type KeyContent } from './key-owners.js';
import type { SessionState } from './owned-key.js';

/** A run of the command that `publish` has started. */
export interface CommandRun {
  /** Uid of the Session that stands for the run while its real Session is not known. */
  readonly uid: string;
  /** Process id; null when the command could not be run. */
  readonly pid: number | null;
  readonly startTime: MicroTime;
}

/** How a command ended. */
export interface CommandEnd {
  /** Exit code, as a shell reports it. */
  readonly code: number;
  /** The same as part of a sentence, such as "exited with code 1". */
  readonly how: string;
}

/** Tilt gives every Session this name. */
export const SESSION_NAME = 'Tiltfile';

/**
 * State of a run that has begun and whose Session is not known yet. It takes the place of the previous run's result, and is
 * STALE, so that nobody takes it for a run with targets.
 */
export function startState(run: CommandRun, instance: string): SessionState {
  const error = 'the command has started, its Session has not been read yet';
  return { session: placeholder(run, instance, {}), link: 'stale', error };
}

/** Final state of a run whose Session was never read: failed with the exit code, unknown where that is 0, never passed. */
export function unreadState(run: CommandRun, instance: string, end: CommandEnd): SessionState {
  const error = `the command ${end.how}${run.pid === null ? '' : ' before its Session could be read'}`;
  const status = end.code === 0 ? {} : { done: true, error };
  return { session: placeholder(run, instance, status), link: 'gone', error };
}

/**
 * State of a Session of the command while that runs. A `tilt ci` that has left without a result is not GONE before the
 * command's exit code is known, which decides what the result is.
 */
export function runningState(content: KeyContent): SessionState {
  const state = currentState(content);
  return state.link === 'gone' && isOpenCi(content.record) ? { ...state, link: 'stale' } : state;
}

/** Final state of a Session whose content stays as it is. */
export function endState(record: SessionRecord, end: CommandEnd): SessionState {
  const { state, error } = record.connection;
  const reason = state === 'gone' ? error : null;
  return { session: record, link: 'gone', error: reason ?? `the command ${end.how}` };
}

/**
 * Final state of a Session of the command. Where a `tilt ci` ended before it was done, the exit code decides: failed, or
 * unknown where the code is 0.
 */
export function finalState(record: SessionRecord, end: CommandEnd): SessionState {
  if (!isOpenCi(record)) return endState(record, end);
  const { status } = record;
  const error = `the command ${end.how} before its Session was done`;
  const failed = { ...status, done: true, error: status.error ?? error };
  return { session: end.code === 0 ? record : { ...record, status: failed }, link: 'gone', error };
}

/** Whether a result is still due. A `tilt up` has none. */
function isOpenCi({ spec, status }: SessionRecord): boolean {
  return !status.done && spec.exitCondition !== 'manual';
}

function placeholder({ uid, pid, startTime }: CommandRun, instance: string, status: object): Session {
  return decodeSession(
    {
      apiVersion: 'tilt.dev/v1alpha1',
      kind: 'Session',
      metadata: { name: SESSION_NAME, uid, creationTimestamp: startTime },
      spec: { exitCondition: 'ci' },
      status: { pid, startTime, targets: [], done: false, ...status },
    },
    instance,
  );
}
