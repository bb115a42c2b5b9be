import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import { ProviderError } from '../../providers/provider.js';
import type { Bucket } from '../bucket.js';
import { describeWriteError, isMissingStream, toPermanentError } from '../errors.js';
import { createOwnedKey, type OwnedKeyOptions, type SessionState } from './owned-key.js';
import type { Omission } from './state-writer.js';
import { createWriteQueue, createWriteTimes, type WriteQueueOptions } from './write-queue.js';

/** Writes the states of one Session to its key, and keeps them there. */
export interface KeyWriter {
  readonly key: string;
  /** Queues a state. Never waits. Returns false if the key belongs to another publisher. */
  write(state: SessionState): boolean;
  /**
   * Checks whether a heartbeat may be written. It may not if the newest state could not be written: readers
   * have an outdated state then, which must become STALE. Writes the newest state again if it was deleted, or
   * if half of the bucket's age limit has passed.
   *
   * After the end of a run there are no heartbeats. The final state is written again for as long as the
   * bucket would have kept it.
   *
   * @param isUnchanged whether the bucket has the same contents as at the last check
   */
  refresh(isUnchanged: boolean): Promise<Refreshed>;
  /** Records that a heartbeat was written. */
  presenceWritten(): void;
  /** Handles an error of writing a heartbeat. */
  presenceFailed(error: unknown, bucket: Bucket): Promise<void>;
  /** Whether everything in the queue is written. */
  readonly isDone: boolean;
  /** Deletes the heartbeat. */
  leave(): Promise<void>;
}

/** Result of a check. */
export interface Refreshed {
  /** Whether a heartbeat may be written. */
  readonly isAlive: boolean;
  /** Whether the state was found, or none is expected. */
  readonly isChecked: boolean;
}

/** Dependencies of {@link createKeyWriter}. */
export interface KeyWriterOptions
  extends OwnedKeyOptions,
    Omit<WriteQueueOptions, 'onWritten' | 'onFailure'> {
  /**
   * Whether to retry while another publisher has the key and writes nothing. Otherwise the key is given up.
   */
  readonly awaitsKey: boolean;
  /** Creates the bucket again if it was deleted. */
  restore(): Promise<void>;
  /** Called when the key belongs to another publisher. */
  onLost(error: ProviderError): void;
  /** Called when the bucket has expired the final state, so that nothing is left to be kept. */
  onForgotten(): void;
}

const NOTHING_TO_CHECK: Refreshed = { isAlive: false, isChecked: true };
const UNCHECKED: Refreshed = { isAlive: false, isChecked: false };

/** Creates the writer of a key. */
export function createKeyWriter(options: KeyWriterOptions): KeyWriter {
  const { key, clock, log, signal } = options;
  const times = createWriteTimes(clock);
  const problems = createWriteProblems(key, log);
  const owned = createOwnedKey(options, problems.onFacts);
  const queue = createWriteQueue({ ...options, onWritten, onFailure: handleFailure }, owned, times);
  let refreshedAt = Number.NEGATIVE_INFINITY;

  return {
    key,
    write: queue.write,
    async refresh(isUnchanged) {
      const state = queue.newest;
      if (queue.isLost || state === null || !owned.isClaimed || isStuck()) return NOTHING_TO_CHECK;
      const bucket = await options.bucket();
      try {
        return await refreshIn(bucket, isUnchanged);
      } catch (error) {
        if (signal.aborted) return UNCHECKED;
        await handleFailure(error, bucket, state, hasEnded() ? problems.state : problems.presence);
        // A missing bucket was created again.
        return isMissingStream(error) ? await refreshIn(bucket, false) : UNCHECKED;
      }
    },
    presenceWritten: problems.presence.solved,
    presenceFailed: (error, bucket) => handleFailure(error, bucket, queue.newest, problems.presence),
    get isDone() {
      return queue.isDone;
    },
    async leave() {
      if (!queue.isLost && owned.isClaimed) await owned.leave(await options.bucket());
    },
  };

  async function refreshIn(bucket: Bucket, isUnchanged: boolean): Promise<Refreshed> {
    if (queue.newest !== null && times.isExpired(queue.newest, bucket.maxAgeMs)) {
      queue.forget();
      options.onForgotten();
    }
    if (queue.newest === null || signal.aborted) return NOTHING_TO_CHECK;
    const isWriting = queue.isRunning;
    const isKept = isWriting || isUnchanged || (await owned.isKept(bucket));
    const isAlive = isKept && !hasEnded() && !isStuck();
    refreshedAt = clock.monotonic();
    const { newest, isRunning } = queue;
    if (newest !== null && !isRunning && (!isKept || times.isDue(newest, bucket.maxAgeMs))) {
      if (!isKept) log('warn', `${key}: its state is missing in the bucket; it is written again`);
      queue.rewrite();
    }
    return { isAlive, isChecked: isKept && !isWriting };
  }

  /** Whether the newest state is the end of a run, which has no heartbeats. */
  function hasEnded(): boolean {
    return queue.newest?.connection === 'gone';
  }

  /** Whether a state could not be written, or a write has been waiting since before the last heartbeat. */
  function isStuck(): boolean {
    return queue.hasFailed || (queue.isRunning && times.writtenAt < refreshedAt);
  }

  async function onWritten(bucket: Bucket, state: SessionState, isRewritten: boolean): Promise<void> {
    problems.state.solved();
    // A deletion of the state often includes its presence. The next heartbeat reports why it could not be
    // written.
    if (!isRewritten || state.connection === 'gone') return;
    await owned.sendHeartbeat(bucket).then(problems.presence.solved, () => {});
  }

  /** Gives up if retrying is useless. Otherwise logs the error and creates a missing bucket again. */
  async function handleFailure(
    error: unknown,
    bucket: Bucket | null,
    state: SessionState | null,
    problem = problems.state,
  ): Promise<void> {
    const isOver = state?.isEarlierEnd === true;
    // A publisher that was killed counts as gone after a while.
    if ((options.awaitsKey || isOver) && error instanceof ProviderError && owned.isHeldInSilence) {
      problem.failed(error.message);
      return;
    }
    const permanent = toPermanentError(error, bucket?.address ?? null);
    if (permanent && state !== null && (times.isFinal(state) || (isOver && error === permanent))) {
      // The run is over, so the key was free for another publisher.
      queue.drop(state);
    } else if (permanent) {
      queue.giveUp();
      // A broker that cannot be used affects every key, and is reported where it is opened.
      if (bucket !== null) options.onLost(permanent);
    } else if (options.isDown() || bucket === null) {
      // The broker logs a disconnect itself.
      log('debug', `${key}: not written yet`, { error: String(error) });
    } else {
      problem.failed(describeWriteError(error, bucket.address));
      if (isMissingStream(error)) await options.restore().catch((cause) => problem.failed(messageOf(cause)));
    }
  }
}

/** Problems of writing the states of a key, and its heartbeats. */
interface WriteProblems {
  readonly state: ProblemLog;
  readonly presence: ProblemLog;
  /** Reports a state with facts that was written, with what was left out because it was too large. */
  onFacts(omission: Omission | null): void;
}

/** Logs why something cannot be written: once per reason, and once when it is written again. */
interface ProblemLog {
  failed(reason: string): void;
  solved(): void;
}

/** Creates the problems of a key. */
function createWriteProblems(key: string, log: Log): WriteProblems {
  const parts = {
    facts: createProblemLog(`${key}: its state with facts about its resources`, log),
    excerpts: createProblemLog(`${key}: its state with excerpts of its log`, log),
  };
  return {
    state: createProblemLog(`${key}: its newest state`, log),
    presence: createProblemLog(`${key}: its presence`, log),
    onFacts(omission) {
      const { what = null, error = null } = omission ?? {};
      if (what !== 'facts') parts.facts.solved();
      if (what === null) parts.excerpts.solved();
      else parts[what].failed(`${messageOf(error)}; it is written without them`);
    },
  };
}

/** Creates a log. @param what subject of the messages, such as `ci.Tiltfile: its newest state` */
function createProblemLog(what: string, log: Log): ProblemLog {
  let last: string | null = null;
  return {
    failed(reason) {
      if (reason === last) return;
      last = reason;
      log('warn', `${what} cannot be written: ${reason}`);
    },
    solved() {
      if (last === null) return;
      last = null;
      log('info', `${what} is written again`);
    },
  };
}
