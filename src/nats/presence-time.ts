import { type Clock, createAbortScope, sleep } from '../lib/clock.js';
import { ProviderError } from '../providers/provider.js';
import { type Bucket, NANOS_PER_MS } from './bucket.js';
import { type ConnectionMonitor, monitorConnection } from './connection.js';
import { formatAddress } from './settings.js';

/** Interval in which gateways and publishers compare the presence time of a bucket, in milliseconds. */
export const PRESENCE_CHECK_MS = 60_000;

/**
 * Time for which gateways wait before they take a lowered presence time, and publishers before they take a
 * raised one, in milliseconds. The other side compares once within an interval. The second one is for
 * requests that have to be repeated, and for the first heartbeat of the new time.
 */
const LATE_MS = 2 * PRESENCE_CHECK_MS;

/** Interval of looking for the presence bucket, in milliseconds. */
const WAIT_MS = 1_000;

/** Returns the presence time that a bucket has now; 0 if it has no limit, null if it is not known. */
export async function findPresenceMs({
  manager,
  presenceStream,
}: Pick<Bucket, 'manager' | 'presenceStream'>): Promise<number | null> {
  const info = await manager.streams.info(presenceStream).catch(() => null);
  return info && info.config.max_age / NANOS_PER_MS;
}

/** Decides when a changed presence time is taken. */
export interface PresenceTimeChange {
  /** Whether to take the time that a bucket has now, in place of the current one. Both in milliseconds. */
  isDue(currentMs: number, foundMs: number): boolean;
}

/**
 * Creates the decision of a gateway or a publisher.
 *
 * A publisher sends three heartbeats within its presence time. A gateway with a shorter one might find it
 * silent between two of them, so that its Sessions would be STALE and LIVE in turn. Gateways and publishers
 * notice a change at different moments. So that no gateway ever has a shorter time than a publisher, gateways
 * take a raised time at once and a lowered one {@link LATE_MS} later; publishers do the opposite.
 */
export function createPresenceTimeChange(clock: Clock, role: 'gateway' | 'publisher'): PresenceTimeChange {
  /** The time that was found last, if it waits, and since when. */
  let waiting: { readonly foundMs: number; readonly since: number } | null = null;
  return {
    isDue(currentMs, foundMs) {
      const isRaised = foundMs > currentMs;
      if (foundMs === currentMs || isRaised === (role === 'gateway')) {
        waiting = null;
        return foundMs !== currentMs;
      }
      if (waiting?.foundMs !== foundMs) waiting = { foundMs, since: clock.monotonic() };
      return clock.monotonic() - waiting.since >= LATE_MS;
    },
  };
}

/**
 * Compares the presence time of a gateway's bucket periodically and after each reconnect, until the signal
 * aborts. Throws a `ProviderError` once a changed one is to be taken, so that the bucket is opened again.
 */
export async function followPresenceTime(
  { bucket, clock }: { readonly bucket: Bucket; readonly clock: Clock },
  outer: AbortSignal,
): Promise<void> {
  const monitor = monitorConnection(bucket.connection);
  const change = createPresenceTimeChange(clock, 'gateway');
  while (!outer.aborted) {
    await sleepUntilDisconnect(monitor, clock, outer);
    // The client library would not send the request now, but would wait for its response.
    while (monitor.isDown && !outer.aborted) await sleep(clock, WAIT_MS, outer);
    const foundMs = await waitForTime(bucket, clock, outer);
    if (foundMs !== null && change.isDue(bucket.presenceMs, foundMs))
      throw createChangeError(bucket, foundMs);
  }
}

/** Waits until there is a presence bucket. Throws a `ProviderError` if that has another TTL than expected. */
export async function waitForPresence(bucket: Bucket, clock: Clock, signal: AbortSignal): Promise<void> {
  const foundMs = await waitForTime(bucket, clock, signal);
  if (foundMs !== null && foundMs !== bucket.presenceMs) throw createChangeError(bucket, foundMs);
}

/** Sleeps for {@link PRESENCE_CHECK_MS}, or until the connection breaks. */
async function sleepUntilDisconnect(
  monitor: ConnectionMonitor,
  clock: Clock,
  outer: AbortSignal,
): Promise<void> {
  const scope = createAbortScope(outer);
  const stopListening = monitor.onDisconnect(() => scope.end());
  await sleep(clock, PRESENCE_CHECK_MS, scope.signal);
  stopListening();
  scope.end();
}

/** Waits until the presence time is known. Null if the signal aborts. */
async function waitForTime(bucket: Bucket, clock: Clock, signal: AbortSignal): Promise<number | null> {
  while (!signal.aborted) {
    const foundMs = await findPresenceMs(bucket);
    if (foundMs !== null) return foundMs;
    await sleep(clock, WAIT_MS, signal);
  }
  return null;
}

/** Describes a change of the presence time. */
export function describeChange(currentMs: number, foundMs: number): string {
  return `its presence time is ${foundMs / 1_000} s instead of ${currentMs / 1_000} s now`;
}

function createChangeError({ address, presenceMs }: Bucket, foundMs: number): ProviderError {
  const what = describeChange(presenceMs, foundMs);
  return new ProviderError('unreachable', `${formatAddress(address)}: ${what}; the bucket is opened again`);
}
