import type { NatsConnection } from '@nats-io/transport-node';
import { createBackoff } from '../../lib/backoff.js';
import { type Clock, sleep } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { ProviderError } from '../../providers/provider.js';
import type { BucketAddress } from '../address.js';
import { type Bucket, type BucketSettings, openBucket } from '../bucket.js';
import { connectNats } from '../connection.js';
import type { NatsCredentials } from '../credentials.js';
import { natsError } from '../errors.js';

/** A bucket that may be away for a while. */
export interface Broker {
  /** Resolves once there is a connection; rejects when there never will be: the set-up is wrong, or it was closed. */
  bucket(): Promise<Bucket>;
  readonly isAway: boolean;
  /** Creates the bucket again if it was deleted. Rejects when that is impossible. */
  restore(): Promise<void>;
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

/**
 * How long the client library may look for a server, in milliseconds. Then a connection is opened anew: with credentials
 * that were read again, and also where the wall clock was set back, by which the library measures its pauses.
 */
const REOPEN_MS = 10_000;

/**
 * Connects, again and again until it succeeds. From then on the client library keeps the connection; where it gives up,
 * as it does after two refused logins, or does not succeed for {@link REOPEN_MS}, a new connection takes its place.
 */
export function connectBroker(options: BrokerOptions): Broker {
  const { address, credentials, settings, clock, random, log } = options;
  const ending = new AbortController();
  let connection: NatsConnection | null = null;
  let isAway = true;
  let restoring: Promise<void> | null = null;
  let last: Bucket | null = null;
  let opened = open(isPermanent);
  opened.catch(() => {});

  return {
    bucket: () => opened,
    get isAway() {
      return isAway;
    },
    async restore() {
      restoring ??= restoreOnce().finally(() => {
        restoring = null;
      });
      await restoring;
    },
    async close() {
      ending.abort();
      await connection?.close();
    },
  };

  /** @param isFinal whether an error means that trying again is of no use */
  async function open(isFinal: (problem: ProviderError) => boolean): Promise<Bucket> {
    const backoff = createBackoff(clock, random);
    for (;;) {
      ending.signal.throwIfAborted();
      let tried: NatsConnection | null = null;
      try {
        tried = await connectNats(address, credentials, 'tilt-graphql publish');
        connection = tried;
        const bucket = await openBucket(tried, address, settings, last);
        last = bucket;
        isAway = false;
        void supervise(tried);
        return bucket;
      } catch (error) {
        const problem = natsError(address, error);
        await tried?.close().catch(() => {});
        if (isFinal(problem)) throw problem;
        const waitMs = backoff.nextDelayMs();
        log('warn', `${problem.message}; next try in ${(waitMs / 1_000).toFixed(1)} s`);
        await sleep(clock, waitMs, ending.signal);
      }
    }
  }

  /** Notes when a connection breaks and comes back, and replaces it when it has ended. */
  async function supervise(open: NatsConnection): Promise<void> {
    await noteAbsence(open);
    const reason = await open.closed();
    if (ending.signal.aborted) return;
    isAway = true;
    if (reason) log('warn', `${natsError(address, reason).message}; a new connection is opened`);
    reopen();
  }

  /** What was right once may be right again: a password that is changed at the broker first, and in the file later. */
  function reopen(): void {
    opened = open(() => false);
    opened.catch(() => {});
  }

  async function noteAbsence(open: NatsConnection): Promise<void> {
    let cancel = () => {};
    for await (const { type } of open.status()) {
      if (ending.signal.aborted || (type !== 'disconnect' && type !== 'reconnect')) continue;
      // Each refused login is a `disconnect`, too.
      if (isAway === (type === 'disconnect')) continue;
      isAway = type === 'disconnect';
      log('info', `the broker: ${type}ed`);
      cancel();
      if (isAway) cancel = clock.after(REOPEN_MS, () => void open.close().catch(() => {}));
      else void restoreSoon(open);
    }
    cancel();
  }

  /** What is kept in memory alone is gone when the server was started anew. */
  async function restoreSoon(open: NatsConnection): Promise<void> {
    while (!isAway && !open.isClosed() && !ending.signal.aborted) {
      try {
        await openBucket(open, address, settings, last);
        return;
      } catch (error) {
        log('debug', natsError(address, error).message);
        await sleep(clock, RESTORE_AGAIN_MS, ending.signal);
      }
    }
  }

  async function restoreOnce(): Promise<void> {
    const { connection: current } = await opened;
    await openBucket(current, address, settings, last).catch((error) => {
      throw natsError(address, error);
    });
  }
}

function isPermanent({ code }: ProviderError): boolean {
  return code === 'config' || code === 'refused';
}
