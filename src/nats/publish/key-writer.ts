import { type Clock, sleep } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { ProviderError } from '../../providers/provider.js';
import type { Bucket } from '../bucket.js';
import { createOwnedKey, type OwnedKeyOptions, type SessionState } from './owned-key.js';
import { createProblemLog, type ProblemLog } from './problem-log.js';
import { isMissingStream, messageOf, refusalIn, writeErrorText } from './write-errors.js';
import { createWriteTimes } from './write-times.js';

/** Writes the states of one Session to its key, one after the other. */
export interface KeyWriter {
  readonly key: string;
  /** Puts a state in line. Never waits: see {@link MOST_WAITING}. False when it never will be: the key is another publisher's. */
  write(state: SessionState): boolean;
  /**
   * Says that the publisher is there, unless the newest state could not be written: what readers have is old then, and has
   * to become STALE. Writes the newest state again when it was deleted, or is half as old as the bucket lets it be.
   *
   * After the end of a run nobody is there, and the final state is written again for as long as the bucket would have kept it.
   */
  refresh(): Promise<void>;
  /** Whether everything is written that was put in line. */
  readonly isDone: boolean;
  /** Says that the publisher is not there any more. */
  leave(): Promise<void>;
}

/** What a {@link KeyWriter} works with. */
export interface KeyWriterOptions extends OwnedKeyOptions {
  /** Whether to try again while another publisher has the key that writes nothing, rather than to give it up. */
  readonly awaitsKey: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** The bucket, once there is a connection to it. */
  bucket(): Promise<Bucket>;
  /** Whether there is no connection. */
  isAway(): boolean;
  /** Creates the bucket again if it was deleted. */
  restore(): Promise<void>;
  /** Called when the key is another publisher's: this one writes it no more. */
  onLost(error: ProviderError): void;
  /** Called when everything in line is written. */
  onDone(): void;
  readonly signal: AbortSignal;
}

/**
 * How many states may wait for their turn. Beyond it, and whenever the broker is away, only the newest is kept: readers
 * are owed the truth, not the way to it.
 */
const MOST_WAITING = 64;

/** How long to wait before a write is tried again, in milliseconds: after the first failure, and at most. It doubles. */
const AGAIN_MS = { first: 200, most: 2_000 };

/** The line in which states wait for their key. */
export function createKeyWriter(options: KeyWriterOptions): KeyWriter {
  const { key, clock, log, signal, onLost, onDone } = options;
  const owned = createOwnedKey(options);
  const writing = createProblemLog(`${key}: its newest state`, log);
  const signing = createProblemLog(`${key}: its presence`, log);
  const times = createWriteTimes(clock);
  let line: SessionState[] = [];
  /** Null also when nothing is to be kept in the bucket any more. */
  let newest: SessionState | null = null;
  let isRunning = false;
  let againMs = AGAIN_MS.first;
  let isLost = false;
  /** Whether the last try to write a state failed. */
  let hasFailed = false;
  let refreshedAt = Number.NEGATIVE_INFINITY;

  return {
    key,
    write(state) {
      if (isLost) return false;
      newest = state;
      line.push(state);
      if (line.length > MOST_WAITING || options.isAway() || hasFailed) line = [state];
      run();
      return true;
    },
    async refresh() {
      const state = newest;
      if (isLost || state === null || !owned.isClaimed || isStuck()) return;
      const bucket = await options.bucket();
      try {
        await lookAfter(bucket);
      } catch (error) {
        if (signal.aborted) return;
        await noteFailure(error, bucket, state, hasEnded() ? writing : signing);
        // A bucket that was missing is there again by now.
        if (isMissingStream(error)) await lookAfter(bucket);
      }
    },
    get isDone() {
      return isLost || (line.length === 0 && !isRunning);
    },
    async leave() {
      if (!isLost && owned.isClaimed) await owned.leave(await options.bucket());
    },
  };

  async function lookAfter(bucket: Bucket): Promise<void> {
    if (newest !== null && times.isForgotten(newest, bucket.maxAgeMs)) newest = null;
    if (newest === null || signal.aborted) return;
    const isKept = isRunning || (await owned.isKept(bucket));
    if (isKept && !hasEnded() && !isStuck()) {
      await owned.sign(bucket);
      signing.solved();
    }
    refreshedAt = clock.monotonic();
    if (newest === null || isRunning || (isKept && !times.isDue(newest, bucket.maxAgeMs))) return;
    if (!isKept) log('warn', `${key}: its state is not in the bucket any more; it is written again`);
    line.push(newest);
    run();
  }

  /** Whether the newest state is the end of a run, for which nobody has to be there. */
  function hasEnded(): boolean {
    return newest?.link === 'gone';
  }

  /** Whether a state could not be written, or waits for an answer while none was written since the last sign of life. */
  function isStuck(): boolean {
    return hasFailed || (isRunning && times.writtenAt < refreshedAt);
  }

  function run(): void {
    if (isRunning) return;
    isRunning = true;
    void writeAll()
      .catch((error) =>
        log('error', `${key}: could not be written, by a fault of the publisher itself`, { error }),
      )
      .finally(() => {
        isRunning = false;
        // One may have been put in line since the last look.
        if (line.length > 0 && !isLost && !signal.aborted) run();
        else onDone();
      });
  }

  async function writeAll(): Promise<void> {
    while (!isLost && !signal.aborted) {
      if (line.length === 0) return;
      let bucket: Bucket | null = null;
      let state = line[0];
      try {
        bucket = await options.bucket();
        // The client library would not send it, and would wait for its answer all the same.
        if (options.isAway()) throw new Error('the broker is away');
        state = line[0];
        if (state === undefined) return;
        const [ageMs, begunAt] = [times.ageOf(state), clock.monotonic()];
        await owned.put(bucket, state, ageMs);
        times.note(state, begunAt);
        if (line[0] === state) line.shift();
        hasFailed = false;
        writing.solved();
        againMs = AGAIN_MS.first;
        if (ageMs > 0 && state.link !== 'gone') await signAgain(bucket);
      } catch (error) {
        if (signal.aborted) return;
        hasFailed = true;
        await noteFailure(error, bucket, state ?? null, writing);
        if (isLost) return;
        line = line.slice(-1);
        await sleep(clock, againMs, signal);
        againMs = options.isAway() ? AGAIN_MS.first : Math.min(2 * againMs, AGAIN_MS.most);
      }
    }
  }

  /** Where a state was deleted, its presence often was, too. The next sign of life tells why it could not be written. */
  async function signAgain(bucket: Bucket): Promise<void> {
    await owned.sign(bucket).then(signing.solved, () => {});
  }

  /** Ends the writing where trying again is of no use. Otherwise logs why it failed, and restores a bucket that is missing. */
  async function noteFailure(
    error: unknown,
    bucket: Bucket | null,
    state: SessionState | null,
    problem: ProblemLog,
  ): Promise<void> {
    // One that was killed counts as gone after a while.
    if (options.awaitsKey && error instanceof ProviderError && owned.isHeldInSilence) {
      problem.failed(error.message);
      return;
    }
    const refusal = refusalIn(error, bucket);
    if (refusal && state !== null && times.isFinal(state)) {
      // The run is over, so that the key was free for another publisher.
      if (newest === state) newest = null;
      line = line.filter((other) => other !== state);
      hasFailed = false;
      return;
    }
    if (refusal) {
      lose();
      // A broker that cannot be used concerns every key alike, and is reported by whoever opened it.
      if (bucket !== null) onLost(refusal);
      return;
    }
    if (options.isAway() || bucket === null) {
      // The broker logs that.
      log('debug', `${key}: not written yet`, { error: String(error) });
      return;
    }
    problem.failed(writeErrorText(error, bucket));
    if (isMissingStream(error)) await options.restore().catch((cause) => problem.failed(messageOf(cause)));
  }

  function lose(): void {
    isLost = true;
    line = [];
  }
}
