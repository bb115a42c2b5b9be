import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import {
  DEFAULT_CLAIM,
  DEFAULT_LEEWAY_MS,
  type Grant,
  isGrant,
  type JwtOptions,
  scopeOf,
  type TokenVerifier,
} from './access.js';
import type { Refusal } from './guard.js';

/** A token is looked at anew after this long, so that one that was signed with a withdrawn key does not live on: ms. */
const TRUSTED_MS = 60_000;

/** Checks tokens by the keys at an address: they are fetched when first needed, and when a token names a new one. */
export function createJwtVerifier(options: JwtOptions, clock: Clock, log: Log): TokenVerifier {
  // Keys that cannot be had are asked for again by the next token, but not more often than every 30 s (jose's cooldown).
  return createTokenVerifier(
    createRemoteJWKSet(options.jwks, { timeoutDuration: 5_000 }),
    options,
    clock,
    log,
  );
}

/** Checks tokens by keys from anywhere. */
export function createTokenVerifier(
  keys: JWTVerifyGetKey,
  { issuer, audience, claim = DEFAULT_CLAIM, leewayMs = DEFAULT_LEEWAY_MS }: Omit<JwtOptions, 'jwks'>,
  clock: Clock,
  log: Log,
): TokenVerifier {
  const known = new LRUCache<string, { readonly grant: Grant; readonly trustedUntil: number }>({
    max: 1_000,
    maxSize: 4 * 2 ** 20,
    sizeCalculation: (_, token) => 2 * token.length + 500,
  });

  return async (token) => {
    const before = known.get(token);
    // The trust ends after a while on the monotonic clock, and with the token itself on the wall clock.
    const isTrusted = before !== undefined && clock.monotonic() < before.trustedUntil;
    if (isTrusted && clock.now() < (before.grant.expiresAt ?? Number.POSITIVE_INFINITY)) return before.grant;
    const outcome = await verify(token);
    if (isGrant(outcome)) {
      known.set(token, { grant: outcome, trustedUntil: clock.monotonic() + TRUSTED_MS });
    }
    return outcome;
  };

  async function verify(token: string): Promise<Grant | Refusal> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        ...(issuer !== undefined && { issuer }),
        ...(audience !== undefined && { audience }),
        requiredClaims: ['exp'],
        currentDate: new Date(clock.now()),
        // RFC 7519, section 4.1.4: "some small leeway, usually no more than a few minutes, to account for clock skew".
        clockTolerance: leewayMs / 1_000,
      });
      return grantOf(payload, claim, leewayMs);
    } catch (error) {
      return refusalOf(error, clock, log);
    }
  }
}

function grantOf(payload: JWTPayload, claim: string, leewayMs: number): Grant | Refusal {
  const { exp = 0, [claim]: value } = payload;
  const globs = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(globs) || !globs.every((glob) => typeof glob === 'string')) {
    const message = `The token is valid, but its claim "${claim}" does not say which instances may be seen: expected a glob such as "team-a-*", or a list of them.`;
    return { status: 403, code: 'FORBIDDEN', message };
  }
  return { scope: scopeOf(globs), expiresAt: exp * 1_000 + leewayMs };
}

/** jose's errors are about the token; anything else is about how its keys are fetched, which is no business of clients. */
function refusalOf(error: unknown, clock: Clock, log: Log): Refusal {
  const unauthenticated = (message: string): Refusal => ({ status: 401, code: 'UNAUTHENTICATED', message });
  const here = `this gateway's clock says ${shownTime(clock.now())}`;
  if (error instanceof errors.JWTExpired) {
    return unauthenticated(
      `The token expired at ${shownSeconds(error.payload.exp)}; ${here}. Get a new one.`,
    );
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.payload.nbf) {
    const start = shownSeconds(error.payload.nbf);
    return unauthenticated(`The token is valid from ${start} ("nbf"); ${here}. Compare the clocks.`);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return unauthenticated(
      `The token is not valid here: its claim "${error.claim}" is missing or not as expected.`,
    );
  }
  if (isAboutToken(error)) return unauthenticated('The token is not valid here.');
  log('warn', 'the keys to check tokens with (--jwks) cannot be had', {
    error: messageOf(error),
  });
  return {
    status: 503,
    code: 'UNAUTHENTICATED',
    message: 'Tokens cannot be checked at the moment. Try again.',
  };
}

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported
  );
}

/** A time of a claim, which is in seconds since 1970 (RFC 7519, section 2, "NumericDate"). */
function shownSeconds(seconds: number | undefined): string {
  return shownTime((seconds ?? Number.NaN) * 1_000);
}

function shownTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : `${date.toISOString().slice(0, 19)}Z`;
}
