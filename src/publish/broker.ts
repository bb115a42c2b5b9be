import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, sleep } from '../clock.js';
import type { Log } from '../log.js';
import { createBackoff } from '../providers/backoff.js';
import type { BucketAddress } from '../providers/nats/address.js';
import { type Bucket, type BucketSettings, openBucket } from '../providers/nats/bucket.js';
import { connectNats } from '../providers/nats/connection.js';
import type { NatsCredentials } from '../providers/nats/credentials.js';
import { natsError } from '../providers/nats/errors.js';

/** A bucket that may be away for a while. */
export interface Broker {
  /** Resolves once there is a connection; rejects when there never will be: the set-up is wrong, or it was closed. */
  bucket(): Promise<Bucket>;
  readonly isAway: boolean;
  /** Ends the connection. Harmless when called twice. */
  close(): Promise<void>;
}

/** What {@link connectBroker} works with. */
export interface BrokerOptions {
  readonly address: BucketAddress;
  readonly credentials: NatsCredentials;
  readonly settings: BucketSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** After what time a bucket is looked for again that was not there when the connection came back, in milliseconds. */
const RESTORE_AGAIN_MS = 1_000;

/** Connects, again and again until it succeeds; from then on the client library keeps the connection. */
export function connectBroker(options: BrokerOptions): Broker {
  const { address, credentials, settings, clock, random, log } = options;
  const ending = new AbortController();
  let connection: NatsConnection | null = null;
  let isAway = true;
  const opened = open();
  opened.catch(() => {});

  return {
    bucket: () => opened,
    get isAway() {
      return isAway;
    },
    async close() {
      ending.abort();
      await connection?.close();
    },
  };

  async function open(): Promise<Bucket> {
    const backoff = createBackoff(clock, random);
    for (;;) {
      ending.signal.throwIfAborted();
      try {
        connection = await connectNats(address, credentials, 'tilt-graphql publish');
        const bucket = await openBucket(connection, address, settings);
        isAway = false;
        void noteAbsence(connection);
        return bucket;
      } catch (error) {
        const problem = natsError(address, error);
        await connection?.close().catch(() => {});
        if (problem.code === 'config' || problem.code === 'refused') throw problem;
        const waitMs = backoff.failed();
        log('warn', `${problem.message}; next try in ${(waitMs / 1_000).toFixed(1)} s`);
        await sleep(clock, waitMs, ending.signal);
      }
    }
  }

  async function noteAbsence(open: NatsConnection): Promise<void> {
    for await (const { type } of open.status()) {
      if (type !== 'disconnect' && type !== 'reconnect') continue;
      isAway = type === 'disconnect';
      log('info', `the broker: ${type}ed`);
      if (!isAway) void restore(open);
    }
  }

  /** What is kept in memory alone is gone when the server was started anew. */
  async function restore(open: NatsConnection): Promise<void> {
    while (!isAway && !ending.signal.aborted) {
      try {
        await openBucket(open, address, settings);
        return;
      } catch (error) {
        log('debug', natsError(address, error).message);
        await sleep(clock, RESTORE_AGAIN_MS, ending.signal);
      }
    }
  }
}
