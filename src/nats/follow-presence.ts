import { type Clock, createAbortScope, untilAborted } from '../lib/clock.js';
import { elapsedSince, momentAgo } from '../lib/moment.js';
import type { Bucket } from './bucket.js';
import type { BucketReader } from './bucket-reader.js';
import { createDeliveryDelay } from './delivery-delay.js';
import { extractKey, isDeletion } from './entry.js';
import { followStream, formatSubject } from './follow-stream.js';
import { toPresenceSubject } from './presence-report.js';
import { waitForPresence } from './presence-time.js';
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
  const subscribed = await subscribe(bucket, subject, clock, onMessage);
  const reading = createAbortScope(outer);
  const follow = (signal: AbortSignal) => {
    const openedAt = momentAgo(clock);
    let hasCaughtUp = false;
    return followStream(
      {
        bucket,
        stream: bucket.presenceStream,
        subject,
        begin: 'newest',
        mayRepeat: true,
        clock,
        onMessage(message) {
          // Its age is that at the creation of the consumer. A slow link delivers it seconds later.
          const delayMs = hasCaughtUp ? 0 : elapsedSince(openedAt, clock);
          onMessage({ ...message, ageMs: message.ageMs + delayMs });
        },
        onCaughtUp() {
          hasCaughtUp = true;
          reader.presenceCaughtUp();
          if (!subscribed.signal.aborted) reading.end();
        },
      },
      signal,
    );
  };
  const stop = () => subscribed.end();
  outer.addEventListener('abort', stop, { once: true });
  try {
    if (!bucket.hasPresence) {
      reader.presenceCaughtUp();
      await waitForPresence(bucket, clock, outer);
    }
    await follow(reading.signal);
    // Ends when the subscription does, as when its permission is revoked.
    if (!outer.aborted) await untilAborted(subscribed.signal);
    if (!outer.aborted) await follow(outer);
  } finally {
    outer.removeEventListener('abort', stop);
    reading.end();
    subscribed.end();
  }
}

/**
 * Subscribes to new messages of the presence stream. The signal of the result aborts when the subscription
 * ends, or at once without permission.
 */
async function subscribe(
  bucket: Bucket,
  subject: string,
  clock: Clock,
  onMessage: (message: PresenceMessage) => void,
) {
  const controller = new AbortController();
  const { connection, presenceStream } = bucket;
  const delay = createDeliveryDelay(bucket, clock);
  const subscription = connection.subscribe(formatSubject(presenceStream, subject), {
    callback(error, message) {
      if (error !== null) controller.abort();
      else if (!controller.signal.aborted) {
        const { subject: of, headers, data } = message;
        onMessage({ subject: of, headers, data, ageMs: delay.maxMs() });
      }
    },
  });
  void Promise.resolve(subscription.closed).then(
    () => controller.abort(),
    () => controller.abort(),
  );
  // The server reports a missing permission before it answers.
  await connection.flush();
  // Not awaited: a ping that is not answered would delay the end.
  void delay.follow(controller.signal);
  return {
    signal: controller.signal,
    end() {
      controller.abort();
      subscription.unsubscribe();
    },
  };
}
