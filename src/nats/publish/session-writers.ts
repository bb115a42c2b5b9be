import { type Clock, within } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { ProviderError } from '../../providers/provider.js';
import type { Broker } from './broker.js';
import { sendHeartbeats } from './heartbeats.js';
import { createKeyWriter, type KeyWriter } from './key-writer.js';
import type { SessionState } from './owned-key.js';
import { createPresenceWriter } from './presence-writer.js';

/** Writes the states of Sessions to the keys of a bucket, as one publisher. */
export interface SessionWriters {
  /** Resolves with the error of the first key that another publisher has or that cannot be written. */
  readonly failed: Promise<ProviderError>;
  /** Writes a state to a key. Never waits. Returns false if the key, or the broker, cannot be used. */
  write(key: string, state: SessionState): boolean;
  /** Stops keeping the state of a key in the bucket, once it is written. */
  release(key: string): void;
  /**
   * Waits until everything is written, deletes the heartbeats, and closes the broker. Resolves with the keys
   * that were not written in time.
   *
   * @param deadlineMs milliseconds
   */
  close(deadlineMs: number): Promise<readonly string[]>;
}

/** Dependencies of {@link createSessionWriters}. */
export interface SessionWritersOptions {
  readonly broker: Broker;
  /** Name of this run, as shown to other publishers. */
  readonly publisher: string;
  readonly takeOver: boolean;
  /**
   * Whether to wait for a key whose publisher is silent until it counts as gone. Default: the key is given
   * up.
   */
  readonly awaitsKeys?: boolean;
  readonly clock: Clock;
  /** Returns numbers from 0 up to 1, which spread the retries of several publishers. */
  readonly random: () => number;
  readonly log: Log;
}

/** Creates the writers, and starts the heartbeats of the keys that are written. */
export function createSessionWriters(options: SessionWritersOptions): SessionWriters {
  const { broker, publisher, takeOver, awaitsKeys = false, clock, random, log } = options;
  const writers = new Map<string, KeyWriter>();
  /** Keys to release once their states are written. */
  const released = new Set<string>();
  const ending = new AbortController();
  let fail: (error: ProviderError) => void = () => {};
  const failed = new Promise<ProviderError>((resolve) => {
    fail = resolve;
  });
  let onProgress = () => {};
  const presence = createPresenceWriter(publisher);
  void sendHeartbeats({ broker, presence, writers, clock, log }, ending.signal);

  return {
    failed,
    write(key, state) {
      released.delete(key);
      return findWriter(key).write(state);
    },
    release(key) {
      released.add(key);
      removeReleased(key);
    },
    async close(deadlineMs) {
      const isInTime = await finishesWithin(clock, deadlineMs, allWritten());
      const unwritten = [...writers.values()].filter(({ isDone }) => !isDone).map(({ key }) => key);
      if (isInTime) await finishesWithin(clock, deadlineMs, leaveAll());
      ending.abort();
      await finishesWithin(clock, deadlineMs, broker.close());
      return unwritten;
    },
  };

  function findWriter(key: string): KeyWriter {
    const known = writers.get(key);
    if (known) return known;
    const writer = createKeyWriter({
      key,
      publisher,
      reportKey: presence.add(key),
      takeOver,
      awaitsKey: awaitsKeys,
      clock,
      random,
      log,
      signal: ending.signal,
      bucket: () => broker.bucket(),
      isDown: () => broker.isDown,
      restore: () => broker.restore(),
      onLost: (error) => {
        log('error', error.message, { code: error.code });
        fail(error);
        onProgress();
      },
      onDone: () => {
        onProgress();
        removeReleased(key);
      },
      onForgotten: () => remove(key),
    });
    writers.set(key, writer);
    return writer;
  }

  function removeReleased(key: string): void {
    if (released.has(key) && writers.get(key)?.isDone !== false) remove(key);
  }

  function remove(key: string): void {
    released.delete(key);
    writers.delete(key);
    presence.remove(key);
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
    const leaving = [...writers.values()].map((writer) => writer.leave());
    if (!broker.isDown) leaving.push(broker.bucket().then((bucket) => presence.leave(bucket)));
    await Promise.allSettled(leaving);
  }
}

/** Waits for a task, and resolves with whether it settled in time. */
async function finishesWithin(clock: Clock, ms: number, task: Promise<unknown>): Promise<boolean> {
  const settled = task.then(
    () => true,
    () => true,
  );
  return (await within(clock, ms, settled)) !== null;
}
