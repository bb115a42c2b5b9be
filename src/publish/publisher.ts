import { type Clock, sleep } from '../clock.js';
import type { Log } from '../log.js';
import type { SessionId } from '../model/session.js';
import { keyOf } from '../providers/nats/key.js';
import type { ProviderError } from '../providers/provider.js';
import type { SessionRecord } from '../store/record.js';
import type { Store } from '../store/store.js';
import type { Broker } from './broker.js';
import { createKeyWriter, type KeyWriter } from './key-writer.js';

/** Writes the Sessions of a store to a bucket. */
export interface Publisher {
  /** Resolves with the first Session that is another publisher's, or the set-up's mistake; never, while all is well. */
  readonly refused: Promise<ProviderError>;
  /**
   * Writes the final state of each Session, and that it is gone. Resolves with the keys for which that did not succeed in
   * time.
   *
   * @param deadlineMs milliseconds
   */
  close(reason: string, deadlineMs: number): Promise<readonly string[]>;
}

/** What {@link createPublisher} works with. */
export interface PublisherOptions {
  readonly store: Pick<Store, 'ids' | 'get' | 'subscribe'>;
  readonly broker: Broker;
  /** The name of this run, which other publishers are shown. */
  readonly publisher: string;
  /** Under which instance a Session is published. */
  instanceOf(record: SessionRecord): string;
  readonly takeOver: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** How many times a publisher says that it is there within the time that it may be silent. */
const SIGNS_PER_PRESENCE = 3;

/** While there is no bucket that says how long publishers may be silent, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** Begins to publish. Nothing is ever waited for by whoever applies changes to the store. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { store, broker, clock, log } = options;
  const writers = new Map<SessionId, KeyWriter>();
  /** Whose key it is. */
  const owners = new Map<string, SessionId>();
  /** Those whose key is another's. */
  const ignored = new Set<SessionId>();
  const ending = new AbortController();
  let refuse: (error: ProviderError) => void = () => {};
  const refused = new Promise<ProviderError>((resolve) => {
    refuse = resolve;
  });
  let onProgress = () => {};
  const unsubscribe = store.subscribe(({ id, after }) => {
    if (after !== null) publish(id, after);
  });
  for (const id of store.ids()) {
    const record = store.get(id);
    if (record) publish(id, record);
  }
  void saySigns();

  return {
    refused,
    async close(reason, deadlineMs) {
      unsubscribe();
      for (const [id, writer] of writers) {
        const record = store.get(id);
        if (record && record.connection.state !== 'gone') {
          writer.write({ session: record, link: 'gone', error: reason });
        }
      }
      const isInTime = await within(deadlineMs, written());
      const unwritten = [...writers.values()].filter(({ isDone }) => !isDone).map(({ key }) => key);
      if (isInTime) await within(deadlineMs, leaveAll());
      ending.abort();
      await within(deadlineMs, broker.close());
      return unwritten;
    },
  };

  function publish(id: SessionId, record: SessionRecord): void {
    const { state, error } = record.connection;
    writerOf(id, record)?.write({ session: record, link: state, error });
  }

  /** The writer of a Session; null when another Session of this publisher has its key. */
  function writerOf(id: SessionId, record: SessionRecord): KeyWriter | null {
    const known = writers.get(id);
    if (known) return known;
    const key = keyOf(options.instanceOf(record), record.metadata.name);
    const owner = owners.get(key) ?? id;
    if (owner !== id) {
      if (ignored.has(id)) return null;
      ignored.add(id);
      const what = `${id} would be published as ${key}, as ${owner} is already`;
      log('error', `${what}; publish it on its own, with another --instance`);
      return null;
    }
    owners.set(key, id);
    const writer = createKeyWriter({
      key,
      publisher: options.publisher,
      takeOver: options.takeOver,
      clock,
      log,
      signal: ending.signal,
      bucket: () => broker.bucket(),
      isAway: () => broker.isAway,
      onLost: (error) => {
        log('error', error.message, { code: error.code });
        refuse(error);
        onProgress();
      },
      onDone: () => onProgress(),
    });
    writers.set(id, writer);
    return writer;
  }

  function written(): Promise<void> {
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

  /** Whether it was done in time. */
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

  async function saySigns(): Promise<void> {
    const { signal } = ending;
    while (!signal.aborted) {
      const bucket = broker.isAway ? null : await broker.bucket().catch(() => null);
      await sleep(clock, bucket ? bucket.presenceMs / SIGNS_PER_PRESENCE : LOOK_AGAIN_MS, signal);
      if (signal.aborted || broker.isAway) continue;
      const present = [...writers].filter(([id]) => store.get(id)?.connection.state !== 'gone');
      await Promise.all(
        present.map(([, writer]) =>
          writer
            .refresh()
            .catch((error) => log('debug', `${writer.key}: no sign given`, { error: String(error) })),
        ),
      );
    }
  }
}
