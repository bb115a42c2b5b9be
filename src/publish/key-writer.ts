import { type Clock, sleep } from '../clock.js';
import type { Log } from '../log.js';
import type { Bucket } from '../providers/nats/bucket.js';
import { natsError } from '../providers/nats/errors.js';
import { ProviderError } from '../providers/provider.js';
import { createOwnedKey, type OwnedKeyOptions, type SessionState } from './owned-key.js';

/** Writes the states of one Session to its key, one after the other. */
export interface KeyWriter {
  readonly key: string;
  /** Puts a state in line. Never waits: see {@link MOST_WAITING}. */
  write(state: SessionState): void;
  /** Says that the publisher is there; writes the newest state anew when it is half as old as the bucket lets it be. */
  refresh(): Promise<void>;
  /** Whether everything is written that was put in line. */
  readonly isDone: boolean;
  /** Says that the publisher is not there any more. */
  leave(): Promise<void>;
}

/** What a {@link KeyWriter} works with. */
export interface KeyWriterOptions extends OwnedKeyOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The bucket, once there is a connection to it. */
  bucket(): Promise<Bucket>;
  /** Whether there is no connection. */
  isAway(): boolean;
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

/** How long to wait before a write is tried again, in milliseconds. */
const AGAIN_MS = 200;

/** The line in which states wait for their key. */
export function createKeyWriter(options: KeyWriterOptions): KeyWriter {
  const { key, clock, log, signal, onLost, onDone } = options;
  const owned = createOwnedKey(options);
  let line: SessionState[] = [];
  let newest: SessionState | null = null;
  let writtenAt = Number.NEGATIVE_INFINITY;
  let isRunning = false;
  let isLost = false;

  return {
    key,
    write(state) {
      if (isLost) return;
      newest = state;
      line.push(state);
      if (line.length > MOST_WAITING || options.isAway()) line = [state];
      run();
    },
    async refresh() {
      if (isLost || !owned.isClaimed) return;
      const bucket = await options.bucket();
      try {
        await owned.sign(bucket);
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        lose(error);
        return;
      }
      const isOld = bucket.maxAgeMs > 0 && clock.monotonic() - writtenAt > bucket.maxAgeMs / 2;
      if (isOld && newest && line.length === 0) {
        line.push(newest);
        run();
      }
    },
    get isDone() {
      return isLost || (line.length === 0 && !isRunning);
    },
    async leave() {
      if (!isLost && owned.isClaimed) await owned.leave(await options.bucket());
    },
  };

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
      } catch (error) {
        if (signal.aborted) return;
        const refusal = refusalIn(error, bucket);
        if (refusal) {
          lose(refusal);
          return;
        }
        line = line.slice(-1);
        log('debug', `${key}: not written yet`, { error: String(error) });
        await sleep(clock, AGAIN_MS, signal);
      }
    }
  }

  function lose(error: ProviderError): void {
    if (isLost) return;
    isLost = true;
    line = [];
    onLost(error);
  }
}

/** The error, if trying again is of no use: the key is another's, the set-up is wrong, or the server does not permit it. */
function refusalIn(error: unknown, bucket: Bucket | null): ProviderError | null {
  if (error instanceof ProviderError) return error;
  const problem = bucket && natsError(bucket.address, error);
  return problem?.code === 'refused' ? problem : null;
}
