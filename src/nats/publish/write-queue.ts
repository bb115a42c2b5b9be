import { type BackoffOptions, createBackoff } from '../../lib/backoff.js';
import { type Clock, sleep } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { elapsedSince, type Moment, momentAgo } from '../../lib/moment.js';
import type { Bucket } from '../bucket.js';
import { MAX_AGE_MS } from '../message-format.js';
import type { OwnedKey, SessionState } from './owned-key.js';

/** States of one key that wait to be written, one after the other. */
export interface WriteQueue {
  /** The newest state; null if nothing needs to be kept in the bucket. */
  readonly newest: SessionState | null;
  readonly isRunning: boolean;
  /** Whether the last attempt to write a state failed. */
  readonly hasFailed: boolean;
  /** Whether the key belongs to another publisher: it is no longer written. */
  readonly isLost: boolean;
  /** Whether everything in the queue is written. */
  readonly isDone: boolean;
  /** Queues a state. Never waits: see {@link MAX_WAITING}. Returns false if the key is lost. */
  write(state: SessionState): boolean;
  /** Queues the newest state again. */
  rewrite(): void;
  /** Stops keeping the newest state in the bucket. */
  forget(): void;
  /** Removes a state that no longer needs to be written. */
  drop(state: SessionState): void;
  /** Stops writing: the key belongs to another publisher. */
  giveUp(): void;
}

/** Dependencies of {@link createWriteQueue}. */
export interface WriteQueueOptions {
  readonly key: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Resolves with the bucket once there is a connection to it. */
  bucket(): Promise<Bucket>;
  /** Whether there is no connection. */
  isDown(): boolean;
  /** Called when a state was written. `isRewritten`: whether it had been written before. */
  onWritten(bucket: Bucket, state: SessionState, isRewritten: boolean): Promise<void>;
  /** Called when a state could not be written, before it is retried. May call `drop` or `giveUp`. */
  onFailure(error: unknown, bucket: Bucket | null, state: SessionState | null): Promise<void>;
  /** Called when everything in the queue is written. */
  onDone(): void;
  readonly signal: AbortSignal;
}

/**
 * Maximum number of waiting states. Above it, after a failure, and while there is no connection, only the
 * newest is kept: readers need the current state, not every state before it. See {@link keepNewest}.
 */
const MAX_WAITING = 64;

/**
 * Time for which the start of a new run may wait, in milliseconds, or twice the presence time if that is
 * longer: longer than a connection to the broker takes, and than a killed publisher counts as alive. Later,
 * another machine may have started a later run and written its result, which this run must not replace.
 */
const MAX_START_DELAY_MS = 30_000;

/** Delays before a write is retried. A successful write, or a lost connection, starts them over. */
const DELAYS: BackoffOptions = { firstMs: 200, maxMs: 2_000, minShare: 0.5, healthyMs: 0, peers: 1 };

/** Creates an empty queue. */
export function createWriteQueue(options: WriteQueueOptions, owned: OwnedKey, times: WriteTimes): WriteQueue {
  const { key, clock, random, log, signal, onDone } = options;
  const backoff = createBackoff(clock, random, DELAYS);
  let waiting: SessionState[] = [];
  /** Time at which the start of a new run was queued. */
  let newRunAt = momentAgo(clock);
  let newest: SessionState | null = null;
  let isRunning = false;
  let isLost = false;
  let hasFailed = false;

  return {
    get newest() {
      return newest;
    },
    get isRunning() {
      return isRunning;
    },
    get hasFailed() {
      return hasFailed;
    },
    get isLost() {
      return isLost;
    },
    get isDone() {
      return isLost || (waiting.length === 0 && !isRunning);
    },
    write(given) {
      if (isLost) return false;
      const state = withEnd(given, clock);
      newest = state;
      if (state.isNewRun === true) newRunAt = momentAgo(clock);
      waiting.push(state);
      if (waiting.length > MAX_WAITING || options.isDown() || hasFailed) waiting = keepNewest(waiting);
      run();
      return true;
    },
    rewrite() {
      if (newest === null) return;
      waiting.push(newest);
      run();
    },
    forget() {
      newest = null;
    },
    drop(state) {
      if (newest === state) newest = null;
      waiting = waiting.filter((other) => other !== state);
      hasFailed = false;
    },
    giveUp() {
      isLost = true;
      waiting = [];
    },
  };

  function run(): void {
    if (isRunning) return;
    isRunning = true;
    void writeAll()
      .catch((error) => log('error', `${key}: cannot be written because of an internal error`, { error }))
      .finally(() => {
        isRunning = false;
        // A state may have been queued since the last check.
        if (waiting.length > 0 && !isLost && !signal.aborted) run();
        else onDone();
      });
  }

  async function writeAll(): Promise<void> {
    while (!isLost && !signal.aborted) {
      if (waiting.length === 0) return;
      let bucket: Bucket | null = null;
      let state = waiting[0];
      try {
        bucket = await options.bucket();
        // The client library would not send the request, but would wait for its response.
        if (options.isDown()) throw new Error('the broker is disconnected');
        dropLateStart(bucket);
        state = waiting[0];
        if (state === undefined) return;
        await writeOne(bucket, state);
      } catch (error) {
        if (signal.aborted) return;
        hasFailed = true;
        await options.onFailure(error, bucket, state ?? null);
        if (isLost) return;
        waiting = keepNewest(waiting);
        if (options.isDown()) backoff.markHealthy();
        await sleep(clock, backoff.nextDelayMs(), signal);
      }
    }
  }

  /** Drops the start of a new run that has waited for too long. Alone, it follows the usual rule. */
  function dropLateStart({ presenceMs }: Bucket): void {
    const [start] = waiting;
    const maxDelayMs = Math.max(MAX_START_DELAY_MS, 2 * presenceMs);
    if (start?.isNewRun !== true || owned.isClaimed || elapsedSince(newRunAt, clock) < maxDelayMs) return;
    if (waiting.length > 1) {
      waiting.shift();
    } else {
      const late = { ...start, isNewRun: false };
      if (newest === start) newest = late;
      waiting = [late];
    }
  }

  async function writeOne(bucket: Bucket, state: SessionState): Promise<void> {
    const [writtenMs, startedAt] = [times.ageOf(state), momentAgo(clock)];
    const isWritten = await owned.put(bucket, state, computeAge(state, writtenMs, clock));
    // An end that this publisher has not seen is expected to be there already.
    if (!isWritten && state.isEarlierEnd !== true) {
      log('warn', `${key}: this run is not written: the key has a later one, or the end of this one`);
    }
    times.record(state, startedAt);
    if (waiting[0] === state) waiting.shift();
    hasFailed = false;
    backoff.markHealthy();
    await options.onWritten(bucket, state, writtenMs > 0);
  }
}

/**
 * Keeps the newest state, and before it the start of a new run that is not written yet. Only the start
 * replaces the run of another machine whose clock is ahead: an end alone looks like that of an earlier run.
 */
function keepNewest(states: readonly SessionState[]): SessionState[] {
  const newest = states.at(-1);
  const start = states.find((state) => state.isNewRun === true && state !== newest);
  return [start, newest].filter((state) => state !== undefined);
}

/** Adds the time of an end: the time for which a state waits, such as for the broker, counts as its age. */
function withEnd(state: SessionState, clock: Clock): SessionState {
  const { connection, endedAt = momentAgo(clock) } = state;
  return connection === 'gone' ? { ...state, endedAt } : state;
}

/** Delay from which the first write of an end is a late one, in milliseconds. A usual write has no age. */
const LATE_MS = 1_000;

/**
 * Computes the time since a state was reached, in milliseconds; 0 for one that was reached just now.
 *
 * @param writtenMs time since its first write, in milliseconds; 0 if it was not written
 */
function computeAge({ endedAt, isEarlierEnd }: SessionState, writtenMs: number, clock: Clock): number {
  if (endedAt === undefined) return Math.min(writtenMs, MAX_AGE_MS);
  const ageMs = Math.round(elapsedSince(endedAt, clock));
  if (ageMs < LATE_MS && writtenMs === 0 && isEarlierEnd !== true) return 0;
  return Math.min(Math.max(ageMs, writtenMs, 1), MAX_AGE_MS);
}

/** Times at which the states of a key were written. The bucket expires states by age. */
export interface WriteTimes {
  /** Time of the last write, in milliseconds by the monotonic clock; negative infinity before the first. */
  readonly writtenAt: number;
  /**
   * Records that a state was written.
   *
   * @param startedAt start of the write: not later than the time from which the bucket counts its age
   */
  record(state: SessionState, startedAt: Moment): void;
  /**
   * Time since the first write of a state, in milliseconds, at least 1; 0 unless it was the last to be
   * written.
   */
  ageOf(state: SessionState): number;
  /** Whether a state is the end of a run and was written. */
  isFinal(state: SessionState): boolean;
  /** Whether a bucket has expired the end of a run. @param maxAgeMs milliseconds; 0: no expiry */
  isExpired(state: SessionState, maxAgeMs: number): boolean;
  /**
   * Whether a state of a run must be written again before it expires.
   *
   * @param maxAgeMs milliseconds; 0: no expiry
   */
  isDue(state: SessionState, maxAgeMs: number): boolean;
}

/** Creates the times of a key that was not written. */
export function createWriteTimes(clock: Clock): WriteTimes {
  let writtenAt = Number.NEGATIVE_INFINITY;
  let first: { readonly state: SessionState; readonly at: Moment } | null = null;
  const times: WriteTimes = {
    get writtenAt() {
      return writtenAt;
    },
    record(state, startedAt) {
      writtenAt = clock.monotonic();
      if (first?.state !== state) first = { state, at: startedAt };
    },
    ageOf: (state) => (first?.state === state ? Math.max(1, Math.round(elapsedSince(first.at, clock))) : 0),
    isFinal: (state) => state.connection === 'gone' && times.ageOf(state) > 0,
    isExpired: (state, maxAgeMs) => maxAgeMs > 0 && times.isFinal(state) && times.ageOf(state) >= maxAgeMs,
    isDue: ({ connection }, maxAgeMs) =>
      maxAgeMs > 0 && connection !== 'gone' && clock.monotonic() - writtenAt > maxAgeMs / 2,
  };
  return times;
}
