import { type Clock, createAbortScope, sleep } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Bucket } from '../bucket.js';
import { isMissingStream } from '../errors.js';
import { createPresenceTimeChange, findPresenceMs, PRESENCE_CHECK_MS } from '../presence-time.js';
import type { Broker } from './broker.js';
import type { KeyWriter } from './key-writer.js';
import type { PresenceMessage, PresenceWriter } from './presence-writer.js';

/** Dependencies of {@link sendHeartbeats}. */
export interface HeartbeatsOptions {
  readonly broker: Broker;
  readonly presence: PresenceWriter;
  readonly writers: ReadonlyMap<string, KeyWriter>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Number of heartbeats within the time after which a silent publisher counts as gone. */
const HEARTBEATS_PER_PRESENCE = 3;

/**
 * Delay of the next heartbeat while there is no bucket, whose settings determine the interval, and of the
 * next comparison of its presence time, in milliseconds.
 */
const RETRY_MS = 1_000;

/**
 * Checks periodically that the newest states are in the bucket, and reports those that are, until the signal
 * aborts. Never rejects.
 */
export async function sendHeartbeats(options: HeartbeatsOptions, signal: AbortSignal): Promise<void> {
  const { broker, presence, writers, clock, log } = options;
  /** Contents of the bucket in which every state was found; null if not every one was. */
  let verified: string | null = null;
  /** The pause before the next heartbeat. Too long if the presence time was lowered since it began. */
  let pause = createAbortScope(signal);
  let pausePresenceMs: number | undefined;
  const onCompared = (presenceMs: number) => {
    if (presenceMs !== pausePresenceMs) pause.end();
  };
  void followPresenceTime(broker, clock, onCompared, signal);
  while (!signal.aborted) {
    const open = broker.isDown ? null : await broker.bucket().catch(() => null);
    pause = createAbortScope(signal);
    pausePresenceMs = open?.presenceMs;
    await sleep(clock, open ? open.presenceMs / HEARTBEATS_PER_PRESENCE : RETRY_MS, pause.signal);
    pause.end();
    if (signal.aborted || broker.isDown) continue;
    try {
      const bucket = await broker.bucket();
      await report(bucket, await refreshAll(bucket));
    } catch (error) {
      log('debug', 'no heartbeat written', { error: String(error) });
    }
  }

  /** Returns the keys whose newest states are in the bucket. */
  async function refreshAll(bucket: Bucket): Promise<ReadonlySet<string>> {
    // One request instead of one for each Session, while nothing changes. For a single one it saves nothing.
    const contents = writers.size > 1 ? await describeContents(bucket) : null;
    const isUnchanged = contents !== null && contents === verified;
    const results = await Promise.all(
      [...writers].map(async ([key, writer]) => {
        const result = await writer.refresh(isUnchanged).catch((error) => {
          log('debug', `${key}: its state was not checked`, { error: String(error) });
          return { isAlive: false, isChecked: false };
        });
        return { key, ...result };
      }),
    );
    verified = results.every(({ isChecked }) => isChecked) ? contents : null;
    return new Set(results.filter(({ isAlive }) => isAlive).map(({ key }) => key));
  }

  async function report(bucket: Bucket, alive: ReadonlySet<string>): Promise<void> {
    const messages = presence.messages(alive);
    const hasOldReaders = messages.some(({ isReport }) => isReport) && (await hasConsumers(bucket));
    await Promise.all(messages.map((message) => put(message, bucket, hasOldReaders)));
  }

  async function put(message: PresenceMessage, bucket: Bucket, hasOldReaders: boolean): Promise<void> {
    const reported = message.keys.flatMap((key) => writers.get(key) ?? []);
    try {
      await message.put(bucket, hasOldReaders);
      for (const writer of reported) writer.presenceWritten();
    } catch (caught) {
      if (signal.aborted) return;
      const error = await findMissingStream(caught, bucket);
      await Promise.all(reported.map((writer) => writer.presenceFailed(error, bucket)));
      // A missing bucket was created again.
      if (isMissingStream(error)) await message.put(bucket, hasOldReaders);
    }
  }
}

/**
 * Compares the presence time of the bucket periodically, and takes a changed one, until the signal aborts.
 * After a reconnect, the broker itself takes it. Never rejects.
 *
 * @param onCompared called with the presence time that applies
 */
async function followPresenceTime(
  broker: Broker,
  clock: Clock,
  onCompared: (presenceMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const change = createPresenceTimeChange(clock, 'publisher');
  let delayMs = PRESENCE_CHECK_MS;
  for (;;) {
    await sleep(clock, delayMs, signal);
    if (signal.aborted) return;
    const bucket = broker.isDown ? null : await broker.bucket().catch(() => null);
    const foundMs = bucket && (await findPresenceMs(bucket));
    delayMs = foundMs === null ? RETRY_MS : PRESENCE_CHECK_MS;
    // Without a limit there is no interval of heartbeats, and the bucket cannot be opened again.
    if (bucket === null || foundMs === null || foundMs === 0) continue;
    const isDue = change.isDue(bucket.presenceMs, foundMs);
    if (isDue) broker.takePresenceTime(bucket, foundMs);
    onCompared(isDue ? foundMs : bucket.presenceMs);
  }
}

/**
 * Returns the error of the presence stream if it is missing, otherwise the error of a write. Each gateway
 * subscribes to heartbeats and answers none, so a write to a missing stream times out instead of finding no
 * responders.
 */
async function findMissingStream(error: unknown, { manager, presenceStream }: Bucket): Promise<unknown> {
  if (!/timeout/i.test(messageOf(error))) return error;
  return manager.streams.info(presenceStream).then(
    () => error,
    (cause: unknown) => (isMissingStream(cause) ? cause : error),
  );
}

/**
 * Describes the contents of the bucket of the states: equal texts prove that nothing was written or deleted
 * in between. Null if they are not known.
 */
async function describeContents({ manager, sessionStream }: Bucket): Promise<string | null> {
  const info = await manager.streams.info(sessionStream).catch(() => null);
  if (info === null) return null;
  const { messages, first_seq: first, last_seq: last } = info.state;
  return JSON.stringify([info.created, messages, first, last]);
}

/**
 * Whether the presence bucket has consumers: gateways of earlier versions, which need a heartbeat for each
 * Session, and gateways without permission to subscribe.
 */
async function hasConsumers({ manager, presenceStream }: Bucket): Promise<boolean> {
  const info = await manager.streams.info(presenceStream).catch(() => null);
  return info === null || info.state.consumer_count > 0;
}
