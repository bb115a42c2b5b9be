import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import { version } from '../../lib/version.js';

/** Age at which known keys are fetched again, in milliseconds. */
const REFRESH_MS = 10 * 60_000;

/**
 * Age of known keys from which a token waits for a fetch, in milliseconds. While tokens arrive, the fetch
 * after {@link REFRESH_MS} runs in the background. After a pause the keys may be hours old, and one of them
 * withdrawn.
 */
const WAIT_MS = 15 * 60_000;

/** Time after a fetch in which no token waits for another one, in milliseconds: the provider may fail. */
const NO_WAIT_MS = 60_000;

/** Age up to which known keys stay in use while the provider fails, in milliseconds. */
const MAX_AGE_MS = 24 * 3_600_000;

/** Age from which an unknown key is searched in new keys, in milliseconds: tokens may name any key. */
const MIN_AGE_MS = 30_000;

/**
 * Time after a failed fetch before the next one, in milliseconds. Otherwise each token of an anonymous client
 * was a request to a failing provider.
 */
const RETRY_MS = 5_000;

/** Limit of a fetch, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** The keys of the identity provider cannot be fetched. It is logged already. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * Creates the keys of an identity provider. They are fetched with the first token, when a token names an
 * unknown key, and in the background after {@link REFRESH_MS}. Known keys stay in use while fetches fail, up
 * to {@link MAX_AGE_MS}. A failure is logged once, until a fetch succeeds.
 *
 * The remote key set of jose rejects every token after a failed refresh.
 */
export function createRemoteKeys(url: URL, clock: Pick<Clock, 'monotonic'>, log: Log): JWTVerifyGetKey {
  let known: { readonly keys: KeySet; readonly fetchedAt: number } | null = null;
  let failure: KeysUnavailableError | null = null;
  let triedAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<KeySet> | null = null;

  return async (header, token) => {
    const keys = await currentKeys();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || ageOfKeys() < MIN_AGE_MS) throw error;
    }
    const newest = await refresh();
    return newest(header, token);
  };

  async function currentKeys(): Promise<KeySet> {
    if (known === null || ageOfKeys() >= MAX_AGE_MS) return refresh();
    const { keys } = known;
    if (ageOfKeys() < REFRESH_MS) return keys;
    const waits = ageOfKeys() >= WAIT_MS && clock.monotonic() - triedAt >= NO_WAIT_MS;
    const refreshed = refresh().catch(() => keys);
    return waits ? refreshed : keys;
  }

  function ageOfKeys(): number {
    return known === null ? Number.POSITIVE_INFINITY : clock.monotonic() - known.fetchedAt;
  }

  async function refresh(): Promise<KeySet> {
    if (failure !== null && clock.monotonic() - triedAt < RETRY_MS) throw failure;
    pending ??= load().finally(() => {
      pending = null;
    });
    return pending;
  }

  async function load(): Promise<KeySet> {
    try {
      const keys = await fetchKeys(url);
      triedAt = clock.monotonic();
      known = { keys, fetchedAt: triedAt };
      failure = null;
      return keys;
    } catch (cause) {
      triedAt = clock.monotonic();
      throw fail(cause);
    }
  }

  function fail(cause: unknown): KeysUnavailableError {
    const error = messageOf(cause);
    if (failure === null)
      log('warn', 'the keys of the identity provider (--jwks) cannot be fetched', { error });
    failure = new KeysUnavailableError(error, { cause });
    return failure;
  }
}

/** Fetches a key set (RFC 7517, section 5). Throws for any other answer. */
async function fetchKeys(url: URL): Promise<KeySet> {
  const response = await fetch(url, {
    headers: {
      accept: 'application/jwk-set+json, application/json',
      'user-agent': `tilt-graphql/${version}`,
    },
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status !== 200)
    throw new Error(`Expected a response with status 200, got ${response.status}.`);
  return createLocalJWKSet(await response.json());
}
