import { type Clock, sleep } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { ProviderError } from '../../providers/provider.js';
import type { Broker } from './broker.js';
import { createKeyWriter, type KeyWriter } from './key-writer.js';
import type { SessionState } from './owned-key.js';

/** Writes the states of Sessions to the keys of a bucket, in the name of one publisher. */
export interface SessionWriters {
  /** Resolves with the first key that is another publisher's, or the set-up's mistake; never, while all is well. */
  readonly refused: Promise<ProviderError>;
  /** Writes a state to a key. Never waits. False when it is never written: the key, or the broker, cannot be used. */
  write(key: string, state: SessionState): boolean;
  /**
   * Waits until everything is written, says that the publisher has left, and closes the broker. Resolves with the keys for
   * which that did not succeed in time.
   *
   * @param deadlineMs milliseconds
   */
  close(deadlineMs: number): Promise<readonly string[]>;
}

/** Dependencies of {@link createSessionWriters}. */
export interface SessionWritersOptions {
  readonly broker: Broker;
  /** Name of this run, which other publishers are shown. */
  readonly publisher: string;
  readonly takeOver: boolean;
  /** Whether to wait for a key whose publisher writes nothing until that counts as gone. Default: it is given up. */
  readonly awaitsKeys?: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** How many times a publisher gives a sign of life within the time that it may be silent. */
const SIGNS_PER_PRESENCE = 3;

/** Pause while there is no bucket that says how long publishers may be silent, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** Creates the writers, and begins to give signs of life for the keys that are written. */
export function createSessionWriters(options: SessionWritersOptions): SessionWriters {
  const { broker, publisher, takeOver, awaitsKeys = false, clock, log } = options;
  const writers = new Map<string, KeyWriter>();
  const ending = new AbortController();
  let refuse: (error: ProviderError) => void = () => {};
  const refused = new Promise<ProviderError>((resolve) => {
    refuse = resolve;
  });
  let onProgress = () => {};
  void giveSigns();

  return {
    refused,
    write: (key, state) => writerFor(key).write(state),
    async close(deadlineMs) {
      const isInTime = await within(deadlineMs, allWritten());
      const unwritten = [...writers.values()].filter(({ isDone }) => !isDone).map(({ key }) => key);
      if (isInTime) await within(deadlineMs, leaveAll());
      ending.abort();
      await within(deadlineMs, broker.close());
      return unwritten;
    },
  };

  function writerFor(key: string): KeyWriter {
    const known = writers.get(key);
    if (known) return known;
    const writer = createKeyWriter({
      key,
      publisher,
      takeOver,
      awaitsKey: awaitsKeys,
      clock,
      log,
      signal: ending.signal,
      bucket: () => broker.bucket(),
      isAway: () => broker.isAway,
      restore: () => broker.restore(),
      onLost: (error) => {
        log('error', error.message, { code: error.code });
        refuse(error);
        onProgress();
      },
      onDone: () => onProgress(),
    });
    writers.set(key, writer);
    return writer;
  }

  function allWritten(): Promise<void> {
    return new Promise((resolve) => {
      onProgress = () => {
        if ([...writers.values()].every(({ isDone }) => isDone)) resolve();
      };
      onProgress();
    });
  }

  async function leaveAll(): Promise<void> {
    await Promise.all([...writers.values()].map((writer) => writer.leave().catch(() => {})));
  }

  /** Whether a task is done in time. */
  async function within(ms: number, task: Promise<unknown>): Promise<boolean> {
    const done = new AbortController();
    const isDone = task.then(
      () => true,
      () => true,
    );
    const isLate = sleep(clock, ms, done.signal).then(() => false);
    const result = await Promise.race([isDone, isLate]);
    done.abort();
    return result;
  }

  async function giveSigns(): Promise<void> {
    const { signal } = ending;
    while (!signal.aborted) {
      const bucket = broker.isAway ? null : await broker.bucket().catch(() => null);
      await sleep(clock, bucket ? bucket.presenceMs / SIGNS_PER_PRESENCE : LOOK_AGAIN_MS, signal);
      if (signal.aborted || broker.isAway) continue;
      await Promise.all(
        [...writers].map(([key, writer]) =>
          writer
            .refresh()
            .catch((error) => log('debug', `${key}: no sign of life given`, { error: String(error) })),
        ),
      );
    }
  }
}
