import { type Clock, createAbortScope, sleep } from '../lib/clock.js';
import { ProviderError } from '../providers/provider.js';
import type { Bucket } from './bucket.js';
import { type ConsumeOptions, consume, type OpenConsumer } from './consume.js';
import { natsError, placeOf } from './errors.js';
import { type Link, watchLink } from './link.js';
import { stored } from './message.js';
import { createStreamPlace, type StreamPlaceOptions } from './stream-place.js';

/** What of a stream is read, and who is told. */
export interface FollowOptions extends Omit<StreamPlaceOptions, 'name'> {
  readonly bucket: Bucket;
  readonly stream: string;
  /** Of keys, such as `team-a.>`. */
  readonly subject: string;
  /** Begin with everything that is kept, or with the newest of each key. */
  readonly begin: 'all' | 'newest';
  readonly clock: Clock;
}

/**
 * How long nothing may be known of the stream, in milliseconds: while there is no connection, and while there is one: the
 * election of a leader takes from 4 to 9 s.
 */
const PATIENCE_MS = { away: 4_000, connected: 10_000 };

/** After what time is tried again, in milliseconds. */
const AGAIN_MS = 100;

/** How often is asked for what is next while there is no consumer, in milliseconds. */
const POLL_MS = 100;

/**
 * Reads a stream until the signal aborts. Throws a `ProviderError` when something is wrong at the beginning, or later for
 * {@link PATIENCE_MS}.
 *
 *     consuming ──no sign of life, no connection──► asking for each next message ──a new consumer──► consuming
 *
 * Asking is slow, but needs the stream's own leader alone: a consumer is one server's, and while the cluster as a whole elects
 * its leader, no other can be made.
 */
export async function followStream(options: FollowOptions, outer: AbortSignal): Promise<void> {
  const { bucket, clock } = options;
  const scope = createAbortScope(outer);
  const place = createStreamPlace({ ...options, name: placeOf(bucket.address) });
  const link = watchLink(bucket.connection);
  /** Since when nothing is known of the stream; null while something is. */
  let troubledAt: number | null = null;
  const onWell = () => {
    troubledAt = null;
  };
  const parts = { ...options, place, link, onWell };
  try {
    while (!scope.signal.aborted) {
      const trouble = await readOn(parts, scope.signal);
      if (scope.signal.aborted) return;
      const isLost = trouble instanceof ProviderError || place.isBroken || !place.isCaughtUp;
      troubledAt ??= clock.monotonic();
      if (isLost || clock.monotonic() - troubledAt >= patienceMs(link)) throw trouble;
      await sleep(clock, AGAIN_MS, scope.signal);
    }
  } catch (error) {
    if (outer.aborted) return;
    throw natsError(bucket.address, error);
  } finally {
    scope.end();
  }
}

function patienceMs({ isAway }: Link): number {
  return isAway ? PATIENCE_MS.away : PATIENCE_MS.connected;
}

type Parts = FollowOptions & ConsumeOptions;

/** Reads from where it was until something is wrong, and resolves with what. */
async function readOn(parts: Parts, signal: AbortSignal): Promise<Error> {
  // The client library would not send what is asked now, and would wait for its answer all the same.
  if (parts.link.isAway) return new Error('the connection broke, and no server takes another');
  try {
    const opening = openConsumer(parts);
    // Nothing is taken from the consumer before the asking has ended: which of both is ahead would not be known.
    const consumer = parts.place.isCaughtUp ? await askMeanwhile(opening, parts, signal) : await opening;
    return await consume(consumer, parts, signal);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function openConsumer(parts: Parts): Promise<OpenConsumer> {
  const { bucket, stream, subject, place, onWell } = parts;
  const info = await bucket.manager.streams.info(stream);
  place.enter(info);
  onWell();
  const consumer = await bucket.jetstream.consumers.get(stream, {
    filter_subjects: subjectOf(stream, subject),
    ...(place.last > 0 ? { opt_start_seq: place.last + 1 } : { deliver_policy: policyOf(parts) }),
  });
  return { consumer, last: info.state.last_seq };
}

/** From what on a stream is read of which nothing was read yet. */
function policyOf({ begin, mayRepeat, place }: Parts): 'all' | 'last_per_subject' {
  const isBeginning = !place.isCaughtUp || mayRepeat;
  return begin === 'newest' && isBeginning ? 'last_per_subject' : 'all';
}

async function askMeanwhile(
  opening: Promise<OpenConsumer>,
  parts: Parts,
  outer: AbortSignal,
): Promise<OpenConsumer> {
  const scope = createAbortScope(outer);
  const asking = ask(parts, scope.signal);
  asking.catch(() => {});
  try {
    return await opening;
  } finally {
    scope.end();
    await asking;
  }
}

/** Takes each next message until the signal aborts; throws only what the taking throws. */
async function ask(
  { bucket, stream, subject, place, clock, onWell }: Parts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const query = { seq: place.last + 1, next_by_subj: subjectOf(stream, subject) };
    const answer = await bucket.asker.streams.getMessage(stream, query).catch(() => undefined);
    if (answer !== undefined) onWell();
    if (answer) place.take(stored(answer));
    else await sleep(clock, POLL_MS, signal);
  }
}

function subjectOf(stream: string, subject: string): string {
  return `$KV.${stream.slice('KV_'.length)}.${subject}`;
}
