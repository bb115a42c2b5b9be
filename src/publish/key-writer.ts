import { type Clock, sleep } from '../clock.js';
import type { Log } from '../log.js';
import type { Bucket } from '../providers/nats/bucket.js';
import { natsError, placeOf } from '../providers/nats/errors.js';
import { ProviderError } from '../providers/provider.js';
import { createOwnedKey, type OwnedKeyOptions, type SessionState } from './owned-key.js';
import { createProblemLog, type ProblemLog } from './problem-log.js';

/** Writes the states of one Session to its key, one after the other. */
export interface KeyWriter {
  readonly key: string;
  /** Puts a state in line. Never waits: see {@link MOST_WAITING}. */
  write(state: SessionState): void;
  /**
   * Says that the publisher is there, unless the newest state could not be written: what readers have is old then, and has
   * to become STALE. Writes the newest state again when it was deleted, or is half as old as the bucket lets it be.
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
  let line: SessionState[] = [];
  let newest: SessionState | null = null;
  let writtenAt = Number.NEGATIVE_INFINITY;
  let isRunning = false;
  let againMs = AGAIN_MS.first;
  let isLost = false;
  /** Whether the last try to write a state failed. */
  let hasFailed = false;
  let refreshedAt = Number.NEGATIVE_INFINITY;

  return {
    key,
    write(state) {
      if (isLost) return;
      newest = state;
      line.push(state);
      if (line.length > MOST_WAITING || options.isAway() || hasFailed) line = [state];
      run();
    },
    async refresh() {
      if (isLost || !owned.isClaimed || isStuck()) return;
      const bucket = await options.bucket();
      try {
        const isKept = isRunning || (await owned.isKept(bucket));
        const isOld = bucket.maxAgeMs > 0 && clock.monotonic() - writtenAt > bucket.maxAgeMs / 2;
        if (isKept && !isStuck()) {
          await owned.sign(bucket);
          signing.solved();
        }
        refreshedAt = clock.monotonic();
        if ((isKept && !isOld) || newest === null || isRunning) return;
        if (!isKept) log('warn', `${key}: its state was deleted from the bucket; it is written again`);
        line.push(newest);
        run();
      } catch (error) {
        if (!signal.aborted) await noteFailure(error, bucket, signing);
      }
    },
    get isDone() {
      return isLost || (line.length === 0 && !isRunning);
    },
    async leave() {
      if (!isLost && owned.isClaimed) await owned.leave(await options.bucket());
    },
  };

  /** Whether a state could not be written, or waits for an answer while none was written since the last sign of life. */
  function isStuck(): boolean {
    return hasFailed || (isRunning && writtenAt < refreshedAt);
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
      try {
        bucket = await options.bucket();
        // The client library would not send it, and would wait for its answer all the same.
        if (options.isAway()) throw new Error('the broker is away');
        const [state] = line;
        if (state === undefined) return;
        await owned.put(bucket, state);
        writtenAt = clock.monotonic();
        if (line[0] === state) line.shift();
        hasFailed = false;
        writing.solved();
        againMs = AGAIN_MS.first;
      } catch (error) {
        if (signal.aborted) return;
        hasFailed = true;
        await noteFailure(error, bucket, writing);
        if (isLost) return;
        line = line.slice(-1);
        await sleep(clock, againMs, signal);
        againMs = options.isAway() ? AGAIN_MS.first : Math.min(2 * againMs, AGAIN_MS.most);
      }
    }
  }

  /** Ends the writing where trying again is of no use. Otherwise logs why it failed, and restores a bucket that is missing. */
  async function noteFailure(error: unknown, bucket: Bucket | null, problem: ProblemLog): Promise<void> {
    // One that was killed counts as gone after a while.
    if (options.awaitsKey && error instanceof ProviderError && owned.isHeldInSilence) {
      problem.failed(error.message);
      return;
    }
    const refusal = refusalIn(error, bucket);
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
    const isMissing = isMissingStream(error);
    problem.failed(isMissing ? missingText(error, bucket) : natsError(bucket.address, error).message);
    if (isMissing) await options.restore().catch((cause) => problem.failed(messageOf(cause)));
  }

  function lose(): void {
    isLost = true;
    line = [];
  }
}

/** The error, if trying again is of no use: the key is another's, the set-up is wrong, or the server does not permit it. */
function refusalIn(error: unknown, bucket: Bucket | null): ProviderError | null {
  if (error instanceof ProviderError) return error;
  if (bucket === null || !/permission/i.test(messageOf(error))) return null;
  return natsError(bucket.address, error);
}

/**
 * Whether the stream of a bucket does not exist: a read says so, a write only finds nobody that answers, which the client
 * library takes for a server without JetStream.
 */
function isMissingStream(error: unknown): boolean {
  return /stream not found|no responders|503|jetstream is not enabled/i.test(messageOf(error));
}

function missingText(error: unknown, { address }: Bucket): string {
  return `${placeOf(address)}: no stream takes it (${messageOf(error)}); a missing one is created again`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
