import { createLocalJWKSet, type FetchImplementation } from 'jose';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';

/**
 * Time after a failed fetch of the keys before the next one, in milliseconds. The cooldown of jose begins
 * only with a successful one: while the provider fails, each token of an anonymous client was a request to
 * it, and a line of the log.
 */
const RETRY_MS = 5_000;

/** The keys of the identity provider cannot be fetched. It is logged already. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

/**
 * Creates the `fetch` of a remote key set. After a failure it fails at once for {@link RETRY_MS}; keys that
 * were fetched before stay in use. A failure is logged once, until a fetch succeeds.
 */
export function createFetchKeys(clock: Pick<Clock, 'monotonic'>, log: Log): FetchImplementation {
  let failure: KeysUnavailableError | null = null;
  let retryAt = 0;

  return async (url, options) => {
    if (failure !== null && clock.monotonic() < retryAt) throw failure;
    try {
      const keys = await fetchKeys(url, options);
      failure = null;
      return keys;
    } catch (cause) {
      const error = messageOf(cause);
      if (failure === null)
        log('warn', 'the keys of the identity provider (--jwks) cannot be fetched', { error });
      failure = new KeysUnavailableError(error, { cause });
      retryAt = clock.monotonic() + RETRY_MS;
      throw failure;
    }
  };
}

/** Fetches a key set. Throws for any other answer. */
async function fetchKeys(...[url, options]: Parameters<FetchImplementation>): Promise<Response> {
  const response = await fetch(url, options);
  if (response.status !== 200)
    throw new Error(`Expected a response with status 200, got ${response.status}.`);
  const keys = await response.json();
  createLocalJWKSet(keys);
  return Response.json(keys);
}
