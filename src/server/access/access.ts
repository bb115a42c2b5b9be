import { createHash, timingSafeEqual } from 'node:crypto';
import type { Rejection } from './allow-list.js';
import { createTokenSeal, type TokenSeal } from './token-seal.js';

/** The part of all Sessions that a client may see. */
export interface Scope {
  /**
   * Identity of the scope, without line breaks: clients with the same key share answers. Empty for
   * everything.
   */
  readonly key: string;
  /** Globs, of which one must match the instance of a Session. Null: all Sessions. */
  readonly instances: readonly string[] | null;
}

/** All Sessions. */
const EVERYTHING: Scope = { key: '', instances: null };

/** Creates the scope of the instances that match the globs. */
export function createScope(instances: readonly string[]): Scope {
  const globs = [...new Set(instances)].sort();
  return globs.includes('*') ? EVERYTHING : { key: JSON.stringify(globs), instances: globs };
}

/** Result of a valid token. */
export interface Grant {
  readonly scope: Scope;
  /** Expiry, in milliseconds since 1970. Null: never. */
  readonly expiresAt: number | null;
}

/** Authentication by token. */
export interface Access {
  /** Whether no token is required. */
  readonly isOpen: boolean;
  /** Encrypts tokens for cookies. */
  readonly seal: TokenSeal;
  /**
   * Grant of the first valid token, or the reason why none is valid. A promise only if a signature must be
   * verified.
   */
  check(tokens: readonly string[]): Grant | Rejection | Promise<Grant | Rejection>;
}

/** Verifies a token that an identity provider has signed. */
export type TokenVerifier = (token: string) => Promise<Grant | Rejection>;

/** Settings of {@link createAccess}. */
interface AccessOptions {
  /** Token that grants everything. Null: none. */
  readonly token: string | null;
  /** Verifies all other tokens. Null: no other token is valid. */
  readonly verify: TokenVerifier | null;
}

/** Creates the authentication. Without a token and a verifier, it grants everything to every client. */
export function createAccess({ token, verify }: AccessOptions): Access {
  const isOpen = token === null && verify === null;
  const expected = token === null ? null : digest(token);
  return {
    isOpen,
    seal: createTokenSeal(token),
    check(tokens) {
      const [first] = tokens;
      if (isOpen) return ALL;
      if (first === undefined) return MISSING;
      if (isExpected(first)) return ALL;
      if (verify === null) return tokens.some(isExpected) ? ALL : WRONG;
      return firstGrant(tokens, async (token) => (isExpected(token) ? ALL : verify(token)));
    },
  };

  // Constant time: digests have one length, and equal prefixes of them reveal nothing about the token.
  function isExpected(token: string): boolean {
    return expected !== null && timingSafeEqual(digest(token), expected);
  }
}

/** The first grant; otherwise a temporary rejection (503), otherwise the rejection of the first token. */
async function firstGrant(tokens: readonly string[], verify: TokenVerifier): Promise<Grant | Rejection> {
  const rejections: Rejection[] = [];
  for (const token of tokens) {
    const outcome = await verify(token);
    if (isGrant(outcome)) return outcome;
    rejections.push(outcome);
  }
  return rejections.find(({ status }) => status === 503) ?? rejections[0] ?? MISSING;
}

/** Whether an outcome is a grant. */
export function isGrant(outcome: Grant | Rejection): outcome is Grant {
  return 'scope' in outcome;
}

const ALL: Grant = { scope: EVERYTHING, expiresAt: null };

const MISSING: Rejection = {
  status: 401,
  code: 'UNAUTHENTICATED',
  message:
    'A token is required ("Authorization: Bearer TOKEN"): the configured one, or the one in the link printed at start-up.',
};

const WRONG: Rejection = {
  status: 401,
  code: 'UNAUTHENTICATED',
  message:
    'The token is invalid. Send the configured one, or the one in the link that the gateway printed at start-up.',
};

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Settings for tokens of an identity provider. */
export interface JwtOptions {
  /** URL of its JSON Web Key Set (RFC 7517): https, or http on this machine. */
  readonly jwks: URL;
  /** Required issuer (`iss`). Default: any. */
  readonly issuer?: string;
  /** Required audience (`aud`). Default: any. */
  readonly audience?: string;
  /**
   * Claim with the instances that the client may see: a glob, or a list of globs. Default: {@link
   * DEFAULT_CLAIM}.
   */
  readonly claim?: string;
  /**
   * Allowed difference between the clocks of provider and gateway, in milliseconds. Default: {@link
   * DEFAULT_LEEWAY_MS}.
   */
  readonly leewayMs?: number;
}

/** Default time for which a token is accepted before its `nbf` and after its `exp`, in milliseconds. */
export const DEFAULT_LEEWAY_MS = 30_000;

/** Default claim with the instances. */
export const DEFAULT_CLAIM = 'tilt_instances';
