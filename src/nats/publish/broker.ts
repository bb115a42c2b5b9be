import type { NatsConnection } from '@nats-io/transport-node';
import { createBackoff } from '../../lib/backoff.js';
import { type Clock, sleep } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { ProviderError } from '../../providers/provider.js';
import { type Bucket, openBucket } from '../bucket.js';
import { connectNats } from '../connection.js';
import { toProviderError } from '../errors.js';
import { describeChange } from '../presence-time.js';
import type { BucketAddress, BucketSettings, NatsCredentials } from '../settings.js';

/** Connection to a bucket. It may be down temporarily. */
export interface Broker {
  /** Resolves once there is a connection. Rejects if the configuration is wrong or the broker was closed. */
  bucket(): Promise<Bucket>;
  readonly isDown: boolean;
  /** Why it is down although the broker can be reached; null if there is no such reason. */
  readonly problem: string | null;
  /** Creates the bucket again if it was deleted. Rejects if that is impossible. */
  restore(): Promise<void>;
  /**
   * Takes the presence time that the bucket has now, even if another one was given: with longer pauses
   * between its heartbeats, a publisher would seem silent. Does nothing if the bucket is no longer open.
   */
  takePresenceTime(bucket: Bucket, presenceMs: number): void;
  /** Closes the connection. May be called twice. */
  close(): Promise<void>;
}

/** Dependencies of {@link connectBroker}. */
export interface BrokerOptions {
  readonly address: BucketAddress;
  readonly credentials: NatsCredentials;
  /** Expected settings; `presenceMs` only until the bucket was opened, because it may be changed later. */
  readonly settings: BucketSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Delay before a bucket that could not be opened after a reconnect is opened again, in milliseconds. */
const RESTORE_RETRY_MS = 1_000;

/**
 * Time for which the client library may reconnect, in milliseconds. Then a new connection is opened. Its
 * credentials are read again. It also helps if the wall clock was set back, by which the library measures its
 * delays.
 */
const REOPEN_MS = 10_000;

/**
 * Connects, and retries until it succeeds. The client library then keeps the connection up. When it gives up,
 * as after two rejected logins, or does not succeed for {@link REOPEN_MS}, a new connection replaces it.
 */
export function connectBroker(options: BrokerOptions): Broker {
  const { address, credentials, settings, clock, random, log } = options;
  const ending = new AbortController();
  let connection: NatsConnection | null = null;
  let isDown = true;
  let problem: string | null = null;
  let restoring: Promise<void> | null = null;
  let last: Bucket | null = null;
  let opened = openUntilReady(isPermanent);
  opened.catch(() => {});

  return {
    bucket: () => opened,
    get isDown() {
      return isDown;
    },
    get problem() {
      return problem;
    },
    async restore() {
      restoring ??= restoreBucket().finally(() => {
        restoring = null;
      });
      await restoring;
    },
    takePresenceTime(bucket, presenceMs) {
      if (last !== bucket || connection !== bucket.connection) return;
      log('info', `${describeChange(bucket.presenceMs, presenceMs)}; heartbeats follow it`);
      use({ ...bucket, presenceMs, settings: { ...bucket.settings, presenceMs } });
    },
    async close() {
      ending.abort();
      await connection?.close();
    },
  };

  /** Opens the bucket, and retries. @param isFinal whether an error makes retrying useless */
  async function openUntilReady(isFinal: (failure: ProviderError) => boolean): Promise<Bucket> {
    const backoff = createBackoff(clock, random);
    for (;;) {
      ending.signal.throwIfAborted();
      let attempt: NatsConnection | null = null;
      try {
        attempt = await connectNats(address, credentials, 'tilt-graphql publish');
        connection = attempt;
        const bucket = await openBucket(attempt, address, { settings, last });
        last = bucket;
        isDown = false;
        problem = null;
        void supervise(attempt);
        return bucket;
      } catch (error) {
        const failure = toProviderError(address, error);
        problem = isPermanent(failure) ? failure.message : null;
        await attempt?.close().catch(() => {});
        if (isFinal(failure)) throw failure;
        const waitMs = backoff.nextDelayMs();
        log('warn', `${failure.message}; next try in ${(waitMs / 1_000).toFixed(1)} s`);
        await sleep(clock, waitMs, ending.signal);
      }
    }
  }

  /** Follows the state of a connection, and replaces it when it is closed. */
  async function supervise(open: NatsConnection): Promise<void> {
    await followStatus(open);
    const reason = await open.closed();
    if (ending.signal.aborted) return;
    isDown = true;
    if (reason) log('warn', `${toProviderError(address, reason).message}; opening a new connection`);
    // Retries after every error: a password may be changed at the broker before it is changed in the file.
    opened = openUntilReady(() => false);
    opened.catch(() => {});
  }

  async function followStatus(open: NatsConnection): Promise<void> {
    let cancel = () => {};
    for await (const { type } of open.status()) {
      if (ending.signal.aborted || (type !== 'disconnect' && type !== 'reconnect')) continue;
      // Each rejected login is a `disconnect` as well.
      if (isDown === (type === 'disconnect')) continue;
      isDown = type === 'disconnect';
      log('info', `broker ${type}ed`);
      cancel();
      if (isDown) cancel = clock.after(REOPEN_MS, () => void open.close().catch(() => {}));
      else void restoreAfterReconnect(open);
    }
    cancel();
  }

  /** A restart of the server deletes buckets that are kept in memory. */
  async function restoreAfterReconnect(open: NatsConnection): Promise<void> {
    let isLogged = false;
    while (!isDown && !open.isClosed() && !ending.signal.aborted) {
      try {
        await openAgain(open);
        return;
      } catch (error) {
        const { code, message } = toProviderError(address, error);
        log(code === 'config' && !isLogged ? 'warn' : 'debug', message);
        isLogged = true;
        await sleep(clock, RESTORE_RETRY_MS, ending.signal);
      }
    }
  }

  async function restoreBucket(): Promise<void> {
    const { connection: current } = await opened;
    await openAgain(current).catch((error) => {
      throw toProviderError(address, error);
    });
  }

  /** Opens the bucket again. Its presence time may have changed, and with it that of the heartbeats. */
  async function openAgain(open: NatsConnection): Promise<void> {
    const bucket = await openBucket(open, address, { settings, last });
    if (connection === open) use(bucket);
  }

  function use(bucket: Bucket): void {
    last = bucket;
    opened = Promise.resolve(bucket);
  }
}

function isPermanent({ code }: ProviderError): boolean {
  return code === 'config' || code === 'refused';
}
