import type { Consumer, ConsumerMessages, ConsumerNotification } from '@nats-io/jetstream';
import { type Clock, createAbortScope, sleep } from '../lib/clock.js';
import type { Bucket } from './bucket.js';
import type { Link } from './link.js';
import { consumed } from './message.js';
import type { StreamPlace } from './stream-place.js';

/** A consumer that was created, and what its stream had before that. */
export interface OpenConsumer {
  readonly consumer: Consumer;
  /** Place of the newest message that was in the stream by then. */
  readonly last: number;
}

/** What {@link consume} works with. */
export interface ConsumeOptions {
  readonly bucket: Bucket;
  readonly stream: string;
  readonly link: Link;
  readonly place: StreamPlace;
  readonly clock: Clock;
  /** All was well a moment ago. */
  onWell(): void;
}

/** How often the reading is looked after while nothing comes, in milliseconds: at the beginning, and later. */
const LOOK_MS = { first: 1_000, later: 5_000 };

/** A sign of life is asked for this often, in milliseconds; after two that did not come something is wrong. */
const HEARTBEAT_MS = 500;

/** Messages that may be on their way, so that a burst does not pile up in the connection. */
const IN_FLIGHT = 500;

/** After these the consumer gives nothing any more, or the library would make itself another, in its own time. */
const TROUBLE: ReadonlySet<ConsumerNotification['type']> = new Set([
  'heartbeats_missed',
  'consumer_deleted',
  'consumer_not_found',
  'stream_not_found',
  'no_responders',
  'reset',
]);

/** Reads from a consumer until the signal aborts, or something is wrong: resolves with what. */
export async function consume(
  { consumer, last }: OpenConsumer,
  options: ConsumeOptions,
  outer: AbortSignal,
): Promise<Error> {
  const { link, place, onWell } = options;
  const scope = createAbortScope(outer);
  let trouble = new Error('the reading of it ended');
  const fail = (error: unknown) => {
    if (scope.signal.aborted) return;
    trouble = error instanceof Error ? error : new Error(String(error));
    scope.end();
  };
  const createdAt = Date.parse((await consumer.info(true)).created);
  const messages = await consumer.consume({
    max_messages: IN_FLIGHT,
    idle_heartbeat: HEARTBEAT_MS,
    callback(message) {
      if (scope.signal.aborted) return;
      try {
        place.take(consumed(message, { createdAt, last }));
        onWell();
      } catch (error) {
        fail(error);
      }
    },
  });
  const stopListening = link.onLost(() => fail(new Error('the connection broke')));
  void messages.closed().then((error) => fail(error ?? trouble));
  void noteTrouble(messages, fail);
  try {
    await lookAfter(consumer, options, scope.signal);
  } catch (error) {
    fail(error);
  } finally {
    scope.end();
    stopListening();
    messages.stop();
    consumer.delete().catch(() => {});
  }
  return trouble;
}

async function noteTrouble(messages: ConsumerMessages, fail: (error: Error) => void): Promise<void> {
  for await (const { type } of messages.status()) {
    if (TROUBLE.has(type)) fail(new Error(type.replaceAll('_', ' ')));
  }
}

/** Returns when the signal aborts; throws when the stream is not to be found, or the consumer does not move. */
async function lookAfter(consumer: Consumer, options: ConsumeOptions, signal: AbortSignal): Promise<void> {
  const { bucket, stream, place, clock, onWell } = options;
  while (!signal.aborted) {
    const before = place.count;
    await sleep(clock, place.isCaughtUp ? LOOK_MS.later : LOOK_MS.first, signal);
    if (signal.aborted || place.count > before) continue;
    place.enter(await bucket.manager.streams.info(stream));
    const { num_pending: pending } = await consumer.info();
    if (signal.aborted || place.count > before) continue;
    if (pending > 0) throw new Error('messages are waiting that do not come');
    onWell();
    // What was to come at the beginning may have been forgotten by the server before it came.
    place.catchUp();
  }
}
