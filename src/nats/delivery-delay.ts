import { type Clock, sleep } from '../lib/clock.js';
import { elapsedSince, momentAgo } from '../lib/moment.js';
import type { Bucket } from './bucket.js';

/** Time for which heartbeats may have waited in the connection, as while this process was suspended. */
export interface DeliveryDelay {
  /** Maximum age of a heartbeat that arrives now, in milliseconds; 0 if it is short. */
  maxMs(): number;
  /** Measures repeatedly until the signal aborts. */
  follow(signal: AbortSignal): Promise<void>;
}

/** Measurements within the presence time: 1 s apart by default. */
const MEASUREMENTS = 15;

/**
 * Part of the presence time from which a delay counts: 3 s by default. A process that is busy for a shorter
 * time takes its heartbeats as new ones.
 */
const MIN_DELAY = 1 / 5;

/** Minimum time between two measurements, in milliseconds. */
const MIN_INTERVAL_MS = 100;

/**
 * Creates the measurement of a connection before its subscriptions.
 *
 * A server answers a ping after all messages that it has sent before. So a message that arrives after an
 * answer was sent by the server after that ping. This holds although the messages that have waited may be
 * read before or after a timer that has fired late.
 */
export function createDeliveryDelay(
  {
    connection,
    presenceMs,
  }: { readonly connection: Pick<Bucket['connection'], 'flush'> } & Pick<Bucket, 'presenceMs'>,
  clock: Clock,
): DeliveryDelay {
  /** Time of the last ping that was answered. */
  let pingedAt = momentAgo(clock);

  return {
    maxMs() {
      const ms = elapsedSince(pingedAt, clock);
      return ms < presenceMs * MIN_DELAY ? 0 : ms;
    },
    async follow(signal) {
      while (!signal.aborted) {
        const now = momentAgo(clock);
        // Rejects when the connection breaks. Its heartbeats are older then than the last answer.
        const isAnswered = await connection.flush().then(
          () => true,
          () => false,
        );
        if (isAnswered) pingedAt = now;
        await sleep(clock, Math.max(presenceMs / MEASUREMENTS, MIN_INTERVAL_MS), signal);
      }
    },
  };
}
