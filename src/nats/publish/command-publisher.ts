import { decodeSession } from '../../model/decode.js';
import type { MicroTime } from '../../model/micro-time.js';
import type { Session, SessionId } from '../../model/session.js';
import type { SessionRecord } from '../../store/record.js';
import type { Store } from '../../store/store.js';
import { formatKey } from '../message-format.js';
import { createOwnRuns, type OwnRunsOptions } from './own-runs.js';
import type { SessionState } from './owned-key.js';
import { createKeyOwners, type KeyContent, toCurrentState } from './publisher.js';
import { createReplayedSessions } from './replayed-sessions.js';
import { createSessionEnds } from './session-ends.js';
import { createSessionWriters, type SessionWritersOptions } from './session-writers.js';

/** Writes the Sessions of one command to a bucket. */
export interface CommandPublisher {
  /**
   * Whether no more changes are expected: every Tilt of the command has left, and no source is connecting.
   */
  readonly isSettled: boolean;
  /**
   * Writes the final state of each Session, or that none could be read. Resolves with the keys that were not
   * written in time.
   *
   * @param deadlineMs milliseconds
   */
  close(end: CommandEnd, deadlineMs: number): Promise<readonly string[]>;
}

/** A run of the command that `publish` has started. */
export interface CommandRun {
  /** Uid of the Session that stands for the run while its real Session is unknown. */
  readonly uid: string;
  /** Process id; null if the command could not be run. */
  readonly pid: number | null;
  readonly startTime: MicroTime;
}

/** End of a command. */
export interface CommandEnd {
  /** Exit code, as a shell reports it. */
  readonly code: number;
  /** The same as part of a sentence, such as "exited with code 1". */
  readonly how: string;
}

/** Dependencies of {@link createCommandPublisher}. */
export interface CommandPublisherOptions extends SessionWritersOptions, Pick<OwnRunsOptions, 'processes'> {
  readonly store: Pick<Store, 'ids' | 'get' | 'subscribe' | 'sources' | 'onSources'>;
  readonly run: CommandRun;
  /** Instance under which the command's Session is published. Null: it depends on the Session. */
  readonly instance: string | null;
  /** Instance under which a Session is published. */
  instanceOf(record: SessionRecord): string;
  /** Names of sources that were requested explicitly, such as a file. All of their Sessions are published. */
  readonly explicitSources: ReadonlySet<string>;
  /** Whether Tilts of this machine are followed. */
  readonly followsTilts: boolean;
}

/** Starts to publish: first that a run has started, so that the result of the previous run is replaced. */
export function createCommandPublisher(options: CommandPublisherOptions): CommandPublisher {
  const { store, run, instance, explicitSources, followsTilts, clock, log } = options;
  const writers = createSessionWriters({ ...options, awaitsKeys: true });
  const owners = createKeyOwners(log);
  const ends = createSessionEnds(clock);
  const ownRuns = createOwnRuns({ ...options, onDecided });
  /** Newest content of each key. */
  const newest = new Map<string, KeyContent>();
  const undecided = new Set<SessionId>();
  const replayed = createReplayedSessions(store, consider);
  let hasOwnSession = false;
  if (followsTilts && instance !== null) {
    writers.write(formatKey(instance, SESSION_NAME), toStartState(run, instance));
  }
  const unsubscribe = store.subscribe((revision) => {
    const { id, after, isReplayed } = revision;
    ends.record(revision);
    if (after === null) return;
    if (isReplayed && after.connection.state === 'live') {
      replayed.add(id);
    } else {
      replayed.remove(id);
      consider(after);
    }
  });
  // A Tilt that appears in the kubeconfig is a new source. Its process is alive then.
  const stopSampling = store.onSources(() => ownRuns.sample());
  for (const id of store.ids()) onDecided(id);

  return {
    get isSettled() {
      const isConnecting = store.sources().some(({ state }) => state === 'connecting');
      const isLive = [...newest.values()].some(({ record }) => record.connection.state === 'live');
      return !isConnecting && !isLive && undecided.size === 0;
    },
    close(end, deadlineMs) {
      unsubscribe();
      replayed.flush();
      stopSampling();
      ownRuns.dispose();
      for (const [key, { record, conflict }] of newest) {
        // Of two running Sessions, neither has a result for this key.
        if (conflict !== null) continue;
        const state = isExplicit(record) ? toEndState(record, end) : toFinalState(record, end);
        // A result that the exit code decides is reached now, whenever Tilt left.
        writers.write(key, state.session === record ? ends.withEnd(state, record) : state);
      }
      if (followsTilts && !hasOwnSession) reportUnread(end);
      return writers.close(deadlineMs);
    },
  };

  function onDecided(id: SessionId): void {
    const record = store.get(id);
    if (record) consider(record);
  }

  function consider(record: SessionRecord): void {
    if (isExplicit(record)) {
      publish(record);
      return;
    }
    const isOwn = ownRuns.isOwn(record);
    if (isOwn === null) undecided.add(record.id);
    else undecided.delete(record.id);
    if (isOwn !== true) return;
    hasOwnSession = true;
    publish(record);
  }

  function publish(record: SessionRecord): void {
    const key = formatKey(options.instanceOf(record), record.metadata.name);
    const content = owners.update(key, record);
    newest.set(key, content);
    const state = isExplicit(content.record) ? toCurrentState(content) : toRunningState(content);
    writers.write(key, ends.withEnd(state, content.record));
  }

  function isExplicit({ source }: SessionRecord): boolean {
    return explicitSources.has(source);
  }

  function reportUnread(end: CommandEnd): void {
    if (instance === null) {
      log('warn', `the command ${end.how} before its Session could be read: nothing is published`, {
        hint: 'give --instance to publish this as well',
      });
      return;
    }
    const state = toUnreadState(run, instance, end);
    if (!writers.write(formatKey(instance, SESSION_NAME), state)) return;
    const verdict = state.session.status.done ? 'FAILED' : 'UNKNOWN';
    log('warn', `the final state of ${instance}/${SESSION_NAME} is ${verdict}: ${state.error}`);
  }
}

/** Name that Tilt gives every Session. */
const SESSION_NAME = 'Tiltfile';

/**
 * Creates the state of a run whose Session is not known yet. It replaces the result of the previous run. It
 * is STALE, so that nobody takes it for a run with targets.
 */
export function toStartState(run: CommandRun, instance: string): SessionState {
  const error = 'the command has started, its Session has not been read yet';
  return { session: createPlaceholder(run, instance, {}), connection: 'stale', error, isNewRun: true };
}

/**
 * Creates the final state of a run whose Session was never read: failed, or unknown with exit code 0. Never
 * passed.
 */
export function toUnreadState(run: CommandRun, instance: string, end: CommandEnd): SessionState {
  const error = `the command ${end.how}${run.pid === null ? '' : ' before its Session could be read'}`;
  const status = end.code === 0 ? {} : { done: true, error };
  return { session: createPlaceholder(run, instance, status), connection: 'gone', error };
}

/**
 * Creates the state of a Session while its command runs. A `tilt ci` that has left without a result is not
 * GONE yet: the exit code of the command decides its result.
 */
export function toRunningState(content: KeyContent): SessionState {
  const state = toCurrentState(content);
  return state.connection === 'gone' && isOpenCi(content.record) ? { ...state, connection: 'stale' } : state;
}

/** Creates the final state of a Session without changing its result. */
function toEndState(record: SessionRecord, end: CommandEnd): SessionState {
  const { state, error } = record.connection;
  const reason = state === 'gone' ? error : null;
  return { session: record, connection: 'gone', error: reason ?? `the command ${end.how}` };
}

/**
 * Creates the final state of a Session of the command. If a `tilt ci` ended before it was done, the exit code
 * decides: failed, or unknown with exit code 0.
 */
export function toFinalState(record: SessionRecord, end: CommandEnd): SessionState {
  if (!isOpenCi(record)) return toEndState(record, end);
  const { status } = record;
  const error = `the command ${end.how} before its Session was done`;
  const failed = { ...status, done: true, error: status.error ?? error };
  return { session: end.code === 0 ? record : { ...record, status: failed }, connection: 'gone', error };
}

/** Whether a result is still expected. A `tilt up` has none. */
function isOpenCi({ spec, status }: SessionRecord): boolean {
  return !status.done && spec.exitCondition !== 'manual';
}

function createPlaceholder({ uid, pid, startTime }: CommandRun, instance: string, status: object): Session {
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
