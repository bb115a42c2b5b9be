import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { type Clock, sleep } from '../../clock.js';
import { ProviderError } from '../provider.js';
import { createScope } from '../scope.js';
import type { Bucket } from './bucket.js';
import { natsError, placeOf } from './connection.js';

/** What of a stream is read, and who is told. */
export interface FollowOptions {
  readonly bucket: Bucket;
  readonly stream: string;
  /** Of keys, such as `team-a.>`. */
  readonly subject: string;
  /** Begin with everything that is kept, or with the newest of each key. */
  readonly begin: 'all' | 'newest';
  readonly clock: Clock;
  /** Each message, in the stream's order, once. */
  onMessage(message: JsMsg): void;
  /** Once: everything that was there at the beginning has been told. */
  onCaughtUp(): void;
}

/** How often the reading is looked after, in milliseconds. */
const LOOK_MS = 1_000;

/** How long nothing may be known of the stream, in milliseconds: the election of a leader takes some seconds. */
const PATIENCE_MS = 4_000;

/** The same while nothing has been read: then there is nothing to lose by beginning anew. */
const FIRST_PATIENCE_MS = 2_000;

/** A sign of life is asked for this often, in milliseconds. */
const HEARTBEAT_MS = 1_000;

/** Messages that may be on their way, so that a burst does not pile up in the connection. */
const IN_FLIGHT = 500;

/**
 * Reads a stream until the signal aborts. The library's ordered consumer makes itself anew where it left off when it
 * or its server goes; here is only looked whether that succeeds. Throws a `ProviderError` when for {@link PATIENCE_MS}
 * it did not.
 */
export async function followStream(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { bucket, stream, subject, begin } = options;
  const scope = createScope(signal);
  let failure: unknown = null;
  let read = 0;
  let messages: ConsumerMessages | null = null;
  try {
    const { created, state } = await bucket.manager.streams.info(stream);
    const consumer = await bucket.jetstream.consumers.get(stream, {
      filter_subjects: `$KV.${stream.slice('KV_'.length)}.${subject}`,
      deliver_policy: begin === 'all' ? 'all' : 'last_per_subject',
    });
    let isCaughtUp = false;
    const catchUp = () => {
      if (isCaughtUp) return;
      isCaughtUp = true;
      options.onCaughtUp();
    };
    const patienceMs = () => (isCaughtUp ? PATIENCE_MS : FIRST_PATIENCE_MS);
    if (state.messages === 0) catchUp();
    messages = await consumer.consume({
      max_messages: IN_FLIGHT,
      idle_heartbeat: HEARTBEAT_MS,
      callback(message) {
        try {
          read += 1;
          options.onMessage(message);
          // Not by what is pending: a server that lags has nothing pending either, and one that has meanwhile forgotten
          // messages may count them still.
          if (message.seq >= state.last_seq) catchUp();
        } catch (error) {
          failure ??= error;
          scope.end();
        }
      },
    });
    void messages.closed().then(() => scope.end());
    await lookAfter(consumer, { ...options, created, read: () => read, catchUp, patienceMs }, scope.signal);
    if (failure !== null) throw failure;
    if (!signal.aborted)
      throw new ProviderError('unreachable', `${placeOf(bucket.address)}: the reading of it ended`);
  } catch (error) {
    if (signal.aborted) return;
    throw natsError(bucket.address, error);
  } finally {
    messages?.stop();
    scope.end();
  }
}

interface LookOptions extends FollowOptions {
  /** When the stream was made: another time is another stream. */
  readonly created: string;
  /** How many messages have come. */
  read(): number;
  /** Everything that was there at the beginning has come. */
  catchUp(): void;
  patienceMs(): number;
}

/** Returns when the signal aborts; throws when the consumer is not to be found, or does not move. */
async function lookAfter(consumer: Consumer, options: LookOptions, signal: AbortSignal): Promise<void> {
  const { read, catchUp, patienceMs } = options;
  const { clock, bucket } = options;
  let wellAt = clock.now();
  let readBefore = read();
  while (!signal.aborted) {
    await sleep(clock, LOOK_MS, signal);
    if (signal.aborted) return;
    const isIdle = read() === readBefore;
    const problem = await problemOf(options, isIdle ? consumer : null);
    if (problem === null) wellAt = clock.now();
    // What was to come at the beginning may have been forgotten by the server before it came.
    if (problem === null && isIdle) catchUp();
    readBefore = read();
    // A consumer of the library would go on in the new one where it was in the old.
    if (problem instanceof ProviderError) throw problem;
    if (problem !== null && clock.now() - wellAt >= patienceMs()) throw natsError(bucket.address, problem);
  }
}

/**
 * What is wrong; null when nothing is.
 *
 * @param idle the consumer, when nothing came from it for a while
 */
async function problemOf(
  { bucket, stream, created }: LookOptions,
  idle: Consumer | null,
): Promise<Error | null> {
  try {
    const info = await bucket.manager.streams.info(stream);
    if (info.created !== created) {
      return new ProviderError('unreachable', `${placeOf(bucket.address)}: it was deleted and made anew`);
    }
    const pending = (await idle?.info())?.num_pending ?? 0;
    return pending > 0 ? new Error('messages are waiting that do not come') : null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
