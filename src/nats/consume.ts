import type { Consumer, ConsumerMessages, ConsumerNotification, JsMsg } from '@nats-io/jetstream';
import { type Clock, createAbortScope, sleep } from '../lib/clock.js';
import type { Bucket } from './bucket.js';
import type { ConnectionMonitor } from './connection.js';
import type { ServerClock } from './server-clock.js';
import type { StreamMessage, StreamPosition } from './stream-position.js';

/** A consumer that was just created. */
export interface OpenConsumer extends ConsumerStart {
  readonly consumer: Consumer;
}

/** Creation of a consumer. */
interface ConsumerStart {
  /** Time, by the servers' clock: milliseconds since 1970. */
  readonly createdAt: number;
  /** Sequence number of the newest message of its stream before that. */
  readonly last: number;
}

/** Dependencies of {@link consume}. */
export interface ConsumeOptions {
  readonly bucket: Bucket;
  readonly stream: string;
  readonly monitor: ConnectionMonitor;
  readonly position: StreamPosition;
  /** Known since the consumer was created. */
  readonly servers: ServerClock;
  readonly clock: Clock;
  /** Called after each proof that the stream can be read. */
  onHealthy(): void;
}

/** Interval of checks while no message arrives, in milliseconds: until caught up, and afterwards. */
const CHECK_MS = { first: 500, later: 5_000 };

/** Interval of the consumer's heartbeats, in milliseconds. Two missed heartbeats are an error. */
const HEARTBEAT_MS = 500;

/**
 * Maximum number of unprocessed messages, so that a burst does not accumulate in the connection. Over a slow
 * link, answers to pings wait behind it, and after three of them the connection counts as broken.
 */
const MAX_IN_FLIGHT = 100;

/** Requested messages at which more are requested: at most two requests are open, each with heartbeats. */
const REFILL_AT = MAX_IN_FLIGHT / 2;

/**
 * Notifications after which a consumer delivers nothing, or the library would create another in its own time.
 */
const FATAL: ReadonlySet<ConsumerNotification['type']> = new Set([
  'heartbeats_missed',
  'consumer_deleted',
  'consumer_not_found',
  'stream_not_found',
  'no_responders',
  'reset',
]);

/** Reads from a consumer until the signal aborts or reading fails. Resolves with the error. */
export async function consume(
  { consumer, ...start }: OpenConsumer,
  options: ConsumeOptions,
  outer: AbortSignal,
): Promise<Error> {
  const { monitor, position, onHealthy } = options;
  const scope = createAbortScope(outer);
  let failure = new Error('reading ended');
  const fail = (error: unknown) => {
    if (scope.signal.aborted) return;
    failure = error instanceof Error ? error : new Error(String(error));
    scope.end();
  };
  const messages = await consumer.consume({
    max_messages: MAX_IN_FLIGHT,
    threshold_messages: REFILL_AT,
    idle_heartbeat: HEARTBEAT_MS,
    callback(message) {
      if (scope.signal.aborted) return;
      try {
        const received = fromConsumer(message, start);
        checkTime(received, options);
        position.take(received);
        onHealthy();
      } catch (error) {
        fail(error);
      }
    },
  });
  const stopListening = monitor.onDisconnect(() => fail(new Error('the connection broke')));
  void messages.closed().then((error) => fail(error ?? failure));
  void watchNotifications(messages, fail);
  try {
    await checkProgress(consumer, options, scope.signal);
  } catch (error) {
    fail(error);
  } finally {
    scope.end();
    stopListening();
    messages.stop();
    consumer.delete().catch(() => {});
  }
  return failure;
}

async function watchNotifications(messages: ConsumerMessages, fail: (error: Error) => void): Promise<void> {
  for await (const { type } of messages.status()) {
    if (FATAL.has(type)) fail(new Error(type.replaceAll('_', ' ')));
  }
}

/** Returns when the signal aborts. Throws if the stream does not exist or the consumer does not deliver. */
async function checkProgress(
  consumer: Consumer,
  options: ConsumeOptions,
  signal: AbortSignal,
): Promise<void> {
  const { bucket, stream, position, clock, onHealthy } = options;
  while (!signal.aborted) {
    const before = position.count;
    await sleep(clock, position.isCaughtUp ? CHECK_MS.later : CHECK_MS.first, signal);
    if (signal.aborted || (position.count > before && !position.needsInfo)) continue;
    const { last } = position;
    const info = await bucket.manager.streams.info(stream).catch((error: unknown) => {
      // Over a slow link, the response comes after the messages sent before it, and may be too late.
      if (position.count === before) throw error;
    });
    if (signal.aborted || !info) continue;
    position.verify(info, last);
    if (position.count > before) continue;
    const { num_pending: pending } = await consumer.info();
    if (signal.aborted || position.count > before) continue;
    if (pending > 0) throw new Error(`${pending} messages are pending but not delivered`);
    onHealthy();
    // The server may have dropped messages of the beginning before it delivered them.
    position.catchUp();
  }
}

/**
 * Throws if a message is older than its age at the creation of the consumer, or may be. It is read again from
 * the next consumer, with its age by then. Messages of the beginning are old anyway.
 */
function checkTime({ writtenAt, ageMs }: StreamMessage, { position, servers }: ConsumeOptions): void {
  if (position.isCaughtUp && servers.mayBeLate(writtenAt + ageMs)) {
    throw new Error('a message is late, or a clock was set');
  }
}

/** Maximum difference between the clocks of two servers of a cluster, in milliseconds. */
const MAX_CLOCK_SKEW_MS = 10_000;

function fromConsumer(message: JsMsg, start: ConsumerStart): StreamMessage {
  const { subject, seq, headers, info, data } = message;
  const writtenAt = info.timestampNanos / 1_000_000;
  const ageMs = computeAge({ seq, writtenAt }, start);
  return { subject, seq, writtenAt, ageMs, headers, data };
}

/**
 * Computes the age of a message when the consumer was created, in milliseconds; 0 for a later message.
 * Infinite if the age is unknown because the servers' clock was set back since the message was written.
 */
export function computeAge(
  { seq, writtenAt }: Pick<StreamMessage, 'seq' | 'writtenAt'>,
  { createdAt, last }: ConsumerStart,
): number {
  if (seq > last) return 0;
  if (writtenAt > createdAt + MAX_CLOCK_SKEW_MS) return Number.POSITIVE_INFINITY;
  return Math.max(0, createdAt - writtenAt);
}
