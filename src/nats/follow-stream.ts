import type { StoredMsg } from '@nats-io/jetstream';
import { type Clock, createAbortScope, sleep } from '../lib/clock.js';
import { ProviderError } from '../providers/provider.js';
import type { Bucket } from './bucket.js';
import { type ConnectionMonitor, monitorConnection } from './connection.js';
import { type ConsumeOptions, consume, type OpenConsumer } from './consume.js';
import { toProviderError } from './errors.js';
import { createServerClock } from './server-clock.js';
import { formatAddress } from './settings.js';
import { createStreamPosition, type StreamMessage, type StreamPositionOptions } from './stream-position.js';

/** Options of {@link followStream}. */
export interface FollowOptions extends Omit<StreamPositionOptions, 'name'> {
  readonly bucket: Bucket;
  readonly stream: string;
  /** Subject of the keys, such as `team-a.>`. */
  readonly subject: string;
  /** Start with all messages that are kept, or with the newest of each key. */
  readonly begin: 'all' | 'newest';
  readonly clock: Clock;
}

/**
 * Maximum time without proof that the stream can be read, in milliseconds: without a connection, and with
 * one. The election of a leader takes from 4 to 9 s.
 */
const PATIENCE_MS = { down: 4_000, connected: 10_000 };

/** Delay before reading is retried, in milliseconds. */
const RETRY_MS = 100;

/** Interval of polling while there is no consumer, in milliseconds. */
const POLL_MS = 100;

/**
 * Reads a stream until the signal aborts. Throws a `ProviderError` if reading fails before it has caught up,
 * or later for {@link PATIENCE_MS}.
 *
 *     consuming ──no heartbeat, no connection──► polling each next message ──a new consumer──► consuming
 *
 * Polling is slow but needs only the stream's own leader. A consumer belongs to one server, and no other can
 * be created while the cluster elects its leader.
 */
export async function followStream(options: FollowOptions, outer: AbortSignal): Promise<void> {
  const { bucket, clock } = options;
  const scope = createAbortScope(outer);
  const position = createStreamPosition({ ...options, name: formatAddress(bucket.address) });
  const monitor = monitorConnection(bucket.connection);
  /** Time of the first failure since the last proof; null without one. */
  let failingSince: number | null = null;
  const onHealthy = () => {
    failingSince = null;
  };
  const servers = createServerClock(clock, bucket.presenceMs);
  const reading = { ...options, position, monitor, servers, onHealthy };
  try {
    while (!scope.signal.aborted) {
      const failure = await readFromPosition(reading, scope.signal);
      if (scope.signal.aborted) return;
      const isFatal = failure instanceof ProviderError || position.isBroken || !position.isCaughtUp;
      failingSince ??= clock.monotonic();
      if (isFatal || clock.monotonic() - failingSince >= choosePatience(monitor)) throw failure;
      await sleep(clock, RETRY_MS, scope.signal);
    }
  } catch (error) {
    if (outer.aborted) return;
    throw toProviderError(bucket.address, error);
  } finally {
    scope.end();
  }
}

function choosePatience({ isDown }: ConnectionMonitor): number {
  return isDown ? PATIENCE_MS.down : PATIENCE_MS.connected;
}

type Reading = FollowOptions & ConsumeOptions;

/** Reads from the current position until reading fails. Resolves with the error. */
async function readFromPosition(reading: Reading, signal: AbortSignal): Promise<Error> {
  // The client library would not send a request now, but would wait for its response.
  if (reading.monitor.isDown) return new Error('the connection broke, and no server accepts another');
  try {
    return await consume(await openConsumer(reading, signal), reading, signal);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Creates a consumer. Polls until then if the stream has caught up. */
async function openConsumer(reading: Reading, outer: AbortSignal): Promise<OpenConsumer> {
  const scope = createAbortScope(outer);
  const polling = reading.position.isCaughtUp ? poll(reading, scope.signal) : Promise.resolve();
  polling.catch(() => {});
  try {
    const opened = await createConsumer(reading);
    // First, so that a response which is still due is not judged by the new time: it would not look late.
    scope.end();
    reading.servers.set(opened.createdAt);
    return opened;
  } finally {
    scope.end();
    // Before the consumer starts: otherwise it would be unknown which of them is ahead.
    await polling;
  }
}

async function createConsumer(reading: Reading): Promise<OpenConsumer> {
  const { bucket, stream, subject, position } = reading;
  const { last } = position;
  const info = await bucket.manager.streams.info(stream);
  // No proof that messages can be read: only polling and the consumer read them.
  position.verify(info, last);
  const consumer = await bucket.jetstream.consumers.get(stream, {
    filter_subjects: formatSubject(stream, subject),
    ...(position.last > 0
      ? { opt_start_seq: position.last + 1 }
      : { deliver_policy: chooseDeliverPolicy(reading) }),
  });
  const createdAt = Date.parse((await consumer.info(true)).created);
  return { consumer, createdAt, last: info.state.last_seq };
}

/** Chooses where to start in a stream of which nothing was read yet. */
function chooseDeliverPolicy({ begin, mayRepeat, position }: Reading): 'all' | 'last_per_subject' {
  const isBeginning = !position.isCaughtUp || mayRepeat;
  return begin === 'newest' && isBeginning ? 'last_per_subject' : 'all';
}

/**
 * Requests each next message until the signal aborts, and ignores a later response. Throws only errors of
 * processing a message. One that may be late is left to the consumer, without which its age is not known.
 * Until then, the stream counts as one that cannot be read.
 */
async function poll(
  { bucket, stream, subject, position, clock, servers, onHealthy }: Reading,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const query = { seq: position.last + 1, next_by_subj: formatSubject(stream, subject) };
    const response = await bucket.pollManager.streams.getMessage(stream, query).catch(() => undefined);
    if (signal.aborted) return;
    const isLate = response && servers.mayBeLate(response.time.getTime());
    if (response !== undefined && !isLate) onHealthy();
    if (response && !isLate) position.take(fromStore(response));
    else await sleep(clock, POLL_MS, signal);
  }
}

/** Reads the newest message of a key; null without one. */
export async function readNewest(bucket: Bucket, stream: string, key: string): Promise<StreamMessage | null> {
  const query = { last_by_subj: formatSubject(stream, key) };
  const response = await bucket.pollManager.streams.getMessage(stream, query);
  return response && fromStore(response);
}

function fromStore({ subject, seq, header, time, data }: StoredMsg): StreamMessage {
  return { subject, seq, writtenAt: time.getTime(), ageMs: 0, headers: header, data };
}

/** Formats the subject of the keys of a bucket, by the name of its stream. */
export function formatSubject(stream: string, subject: string): string {
  return `$KV.${stream.slice('KV_'.length)}.${subject}`;
}
