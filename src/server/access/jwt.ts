import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import {
  createScope,
  DEFAULT_CLAIM,
  DEFAULT_LEEWAY_MS,
  type Grant,
  isGrant,
  type JwtOptions,
  type TokenVerifier,
} from './access.js';
import type { Rejection } from './allow-list.js';
import { createRemoteKeys, KeysUnavailableError } from './remote-keys.js';

/** Time after which a token is verified again, in milliseconds: its key can have been withdrawn. */
const TRUSTED_MS = 60_000;

/**
 * Maximum length of a token, in characters, as in the headers of a request. A token in `connection_init` can
 * be as long as the message, and its Base64 hides its JSON from the limit `jsonValues`: parsing 60,000 values
 * took 175 ms, before a key was looked up.
 */
const MAX_TOKEN_LENGTH = 16_384;

/** Creates a verifier for the keys at a URL. */
export function createJwtVerifier(options: JwtOptions, clock: Clock, log: Log): TokenVerifier {
  return createTokenVerifier(createRemoteKeys(options.jwks, clock, log), options, clock, log);
}

/** Creates a verifier for keys from any source. */
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
    if (token.length > MAX_TOKEN_LENGTH) return TOO_LONG;
    const before = known.get(token);
    // The trust ends by the monotonic clock, the token itself by the wall clock.
    const isTrusted = before !== undefined && clock.monotonic() < before.trustedUntil;
    if (isTrusted && clock.now() < (before.grant.expiresAt ?? Number.POSITIVE_INFINITY)) return before.grant;
    const outcome = await verify(token);
    if (isGrant(outcome)) {
      known.set(token, { grant: outcome, trustedUntil: clock.monotonic() + TRUSTED_MS });
    }
    return outcome;
  };

  async function verify(token: string): Promise<Grant | Rejection> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        ...(issuer !== undefined && { issuer }),
        ...(audience !== undefined && { audience }),
        requiredClaims: ['exp'],
        currentDate: new Date(clock.now()),
        // RFC 7519, section 4.1.4: "some small leeway, usually no more than a few minutes, to account for
        // clock skew".
        clockTolerance: leewayMs / 1_000,
      });
      return toGrant(payload, claim, leewayMs);
    } catch (error) {
      return toRejection(error, clock, log);
    }
  }
}

function toGrant(payload: JWTPayload, claim: string, leewayMs: number): Grant | Rejection {
  const { exp = 0, [claim]: value } = payload;
  const globs = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(globs) || !globs.every((glob) => typeof glob === 'string')) {
    const message = `The token is valid, but its claim "${claim}" does not name instances: expected a glob such as "team-a-*", or a list of globs.`;
    return { status: 403, code: 'FORBIDDEN', message };
  }
  return { scope: createScope(globs), expiresAt: exp * 1_000 + leewayMs };
}

/** Converts an error. Errors of jose concern the token; others concern the keys, and are only logged. */
function toRejection(error: unknown, clock: Clock, log: Log): Rejection {
  const here = `this gateway's clock shows ${formatTime(clock.now())}`;
  if (error instanceof errors.JWTExpired) {
    return unauthenticated(
      `The token expired at ${formatSeconds(error.payload.exp)}; ${here}. Get a new one.`,
    );
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.payload.nbf) {
    const start = formatSeconds(error.payload.nbf);
    return unauthenticated(`The token is valid from ${start} ("nbf"); ${here}. Compare the clocks.`);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return unauthenticated(
      `The token is invalid: its claim "${error.claim}" is missing or has an unexpected value.`,
    );
  }
  if (isAboutToken(error)) return unauthenticated('The token is invalid.');
  if (!(error instanceof KeysUnavailableError))
    log('warn', 'the signature of a token cannot be checked', { error: messageOf(error) });
  return {
    status: 503,
    code: 'UNAUTHENTICATED',
    message: 'Tokens cannot be checked at the moment. Try again.',
  };
}

function unauthenticated(message: string): Rejection {
  return { status: 401, code: 'UNAUTHENTICATED', message };
}

const TOO_LONG = unauthenticated(
  `The token is invalid: expected at most ${MAX_TOKEN_LENGTH} characters. Get one with fewer claims.`,
);

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

/** Formats a time of a claim, in seconds since 1970 (RFC 7519, section 2, "NumericDate"). */
function formatSeconds(seconds: number | undefined): string {
  return formatTime((seconds ?? Number.NaN) * 1_000);
}

function formatTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : `${date.toISOString().slice(0, 19)}Z`;
}
