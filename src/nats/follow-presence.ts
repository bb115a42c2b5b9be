import { type Clock, createAbortScope, sleep } from '../lib/clock.js';
import { ProviderError } from '../providers/provider.js';
import { type Bucket, NANOS_PER_MS } from './bucket.js';
import type { BucketReader } from './bucket-reader.js';
import { type ConnectionMonitor, monitorConnection } from './connection.js';
import { followStream, formatSubject } from './follow-stream.js';
import { toPresenceSubject } from './presence-report.js';
import { extractKey, isDeletion } from './replay.js';
import { formatAddress } from './settings.js';
import type { StreamMessage } from './stream-position.js';

/** Options of {@link followPresence}. */
export interface FollowPresenceOptions {
  readonly bucket: Bucket;
  /** Subject of the keys of the Sessions, such as `team-a.>`. */
  readonly subject: string;
  readonly reader: Pick<BucketReader, 'seen' | 'reported' | 'gone' | 'presenceCaughtUp'>;
  readonly clock: Clock;
}

type PresenceMessage = Pick<StreamMessage, 'subject' | 'headers' | 'data' | 'ageMs'>;

/**
 * Reads heartbeats until the signal aborts: first those that are kept in the stream, then new ones. A
 * subscription costs the server and the gateway less than a consumer. It also lets publishers recognise
 * gateways of earlier versions by their consumers: those gateways need a heartbeat for each Session. Without
 * permission to subscribe, the stream is read with a consumer.
 *
 * Without a presence bucket no publisher is alive, until one creates it.
 *
 * Throws a `ProviderError` if the stream cannot be read.
 */
export async function followPresence(options: FollowPresenceOptions, outer: AbortSignal): Promise<void> {
  const { bucket, reader, clock } = options;
  const subject = toPresenceSubject(options.subject);
  const onMessage = ({ subject: of, headers, data, ageMs }: PresenceMessage) => {
    const key = extractKey({ subject: of });
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
    if (isDeletion({ headers })) reader.gone(key);
    else if (text.startsWith('{')) reader.reported(key, text, ageMs);
    else reader.seen(key, text, ageMs);
  };
  const subscribed = await subscribe(bucket, subject, onMessage);
  const reading = createAbortScope(outer);
  const onCaughtUp = () => {
    reader.presenceCaughtUp();
    if (!subscribed.signal.aborted) reading.end();
  };
  const follow = (signal: AbortSignal) =>
    followStream(
      {
        bucket,
        stream: bucket.presenceStream,
        subject,
        begin: 'newest',
        mayRepeat: true,
        clock,
        onMessage,
        onCaughtUp,
      },
      signal,
    );
  const stop = () => subscribed.end();
  outer.addEventListener('abort', stop, { once: true });
  try {
    if (!bucket.hasPresence) {
      reader.presenceCaughtUp();
      await waitForPresence(bucket, clock, outer);
    }
    await follow(reading.signal);
    // Ends when the subscription does, as when its permission is revoked.
    if (!outer.aborted && !subscribed.signal.aborted) await ended(subscribed.signal);
    if (!outer.aborted) await follow(outer);
  } finally {
    outer.removeEventListener('abort', stop);
    reading.end();
    subscribed.end();
  }
}

/** Interval of looking for the presence bucket, in milliseconds. */
const WAIT_MS = 1_000;

/** Interval of comparing the presence time, in milliseconds. */
const CHECK_MS = 60_000;

/**
 * Compares the presence time of the bucket periodically and after each reconnect, until the signal aborts: an
 * operator may change it, and publishers take the new one. Throws a `ProviderError` if it has changed, so
 * that the bucket is opened again.
 */
export async function followPresenceTime(
  { bucket, clock }: Pick<FollowPresenceOptions, 'bucket' | 'clock'>,
  outer: AbortSignal,
): Promise<void> {
  const monitor = monitorConnection(bucket.connection);
  while (!outer.aborted) {
    await sleepUntilDisconnect(monitor, clock, outer);
    // The client library would not send the request now, but would wait for its response.
    while (monitor.isDown && !outer.aborted) await sleep(clock, WAIT_MS, outer);
    await waitForPresence(bucket, clock, outer);
  }
}

/** Sleeps for {@link CHECK_MS}, or until the connection breaks. */
async function sleepUntilDisconnect(
  monitor: ConnectionMonitor,
  clock: Clock,
  outer: AbortSignal,
): Promise<void> {
  const scope = createAbortScope(outer);
  const stopListening = monitor.onDisconnect(() => scope.end());
  await sleep(clock, CHECK_MS, scope.signal);
  stopListening();
  scope.end();
}

/** Waits until there is a presence bucket. Throws if that has another TTL than expected. */
async function waitForPresence(bucket: Bucket, clock: Clock, signal: AbortSignal): Promise<void> {
  const { manager, presenceStream, presenceMs } = bucket;
  while (!signal.aborted) {
    const info = await manager.streams.info(presenceStream).catch(() => null);
    if (info !== null) {
      const foundMs = info.config.max_age / NANOS_PER_MS;
      if (foundMs === presenceMs) return;
      const what = `its presence time is ${foundMs / 1_000} s instead of ${presenceMs / 1_000} s now`;
      throw new ProviderError(
        'unreachable',
        `${formatAddress(bucket.address)}: ${what}; the bucket is opened again`,
      );
    }
    await sleep(clock, WAIT_MS, signal);
  }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/**
 * Subscribes to new messages of the presence stream. The signal of the result aborts when the subscription
 * ends, or at once without permission.
 */
async function subscribe(bucket: Bucket, subject: string, onMessage: (message: PresenceMessage) => void) {
  const controller = new AbortController();
  const { connection, presenceStream } = bucket;
  const subscription = connection.subscribe(formatSubject(presenceStream, subject), {
    callback(error, message) {
      if (error !== null) controller.abort();
      else if (!controller.signal.aborted) {
        onMessage({ subject: message.subject, headers: message.headers, data: message.data, ageMs: 0 });
      }
    },
  });
  void Promise.resolve(subscription.closed).then(
    () => controller.abort(),
    () => controller.abort(),
  );
  // The server reports a missing permission before it answers.
  await connection.flush();
  return {
    signal: controller.signal,
    end() {
      controller.abort();
      subscription.unsubscribe();
    },
  };
}
