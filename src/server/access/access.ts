import { createHash, timingSafeEqual } from 'node:crypto';
import type { Refusal } from './guard.js';

/** What of the Sessions someone may see. */
export interface Scope {
  /** Tells scopes apart: who has the same may share answers. Empty for everyone's. Has no line break. */
  readonly key: string;
  /** Globs of which one must match a Session's instance. Null: everything is seen. */
  readonly instances: readonly string[] | null;
}

/** Everything may be seen. */
const EVERYTHING: Scope = { key: '', instances: null };

/** The scope of some instances. */
export function scopeOf(instances: readonly string[]): Scope {
  const globs = [...new Set(instances)].sort();
  return globs.includes('*') ? EVERYTHING : { key: JSON.stringify(globs), instances: globs };
}

/** What someone who was let in may see, and for how long. */
export interface Grant {
  readonly scope: Scope;
  /** When it ends, in milliseconds since 1970; null: never. */
  readonly expiresAt: number | null;
}

/** Who gets in. */
export interface Access {
  /** Whether a token is asked for at all. */
  readonly isOpen: boolean;
  /**
   * What the bearer of the first valid token may see; or why none of them is valid. At once, unless a signature has to be
   * verified.
   */
  check(tokens: readonly string[]): Grant | Refusal | Promise<Grant | Refusal>;
}

/** Tells whether a text is a token that somebody else has signed. */
export type TokenVerifier = (token: string) => Promise<Grant | Refusal>;

/** What {@link createAccess} works with. */
interface AccessOptions {
  /** The token that lets everyone in who has it, to everything. Null: there is none. */
  readonly token: string | null;
  /** Looks at tokens that are not that one. Null: none is valid. */
  readonly verify: TokenVerifier | null;
}

/** Lets everyone in when there is neither a token nor a verifier. */
export function createAccess({ token, verify }: AccessOptions): Access {
  const isOpen = token === null && verify === null;
  const expected = token === null ? null : digest(token);
  return {
    isOpen,
    check(tokens) {
      const [first] = tokens;
      if (isOpen) return ALL;
      if (first === undefined) return MISSING;
      if (isExpected(first)) return ALL;
      if (verify === null) return tokens.some(isExpected) ? ALL : WRONG;
      return firstGrant(tokens, async (token) => (isExpected(token) ? ALL : verify(token)));
    },
  };

  // Digests are of one length and say nothing of each other: what is compared takes the same time, whatever is given.
  function isExpected(token: string): boolean {
    return expected !== null && timingSafeEqual(digest(token), expected);
  }
}

/** The first grant; else a refusal that may pass (503), else that of the first token. */
async function firstGrant(tokens: readonly string[], verify: TokenVerifier): Promise<Grant | Refusal> {
  const refusals: Refusal[] = [];
  for (const token of tokens) {
    const outcome = await verify(token);
    if (isGrant(outcome)) return outcome;
    refusals.push(outcome);
  }
  return refusals.find(({ status }) => status === 503) ?? refusals[0] ?? MISSING;
}

/** Whether someone was let in. */
export function isGrant(outcome: Grant | Refusal): outcome is Grant {
  return 'scope' in outcome;
}

const ALL: Grant = { scope: EVERYTHING, expiresAt: null };

const MISSING: Refusal = {
  status: 401,
  code: 'UNAUTHENTICATED',
  message:
    'A token is needed: open the link that the gateway printed at its start, or send "Authorization: Bearer TOKEN".',
};

const WRONG: Refusal = {
  status: 401,
  code: 'UNAUTHENTICATED',
  message: 'The token is not valid here. The gateway printed a link with a valid one at its start.',
};

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** How tokens of an identity provider are checked. */
export interface JwtOptions {
  /** Where its keys are: a JSON Web Key Set (RFC 7517), by https, or by http on this machine. */
  readonly jwks: URL;
  /** Whom a token must be from (`iss`). Default: anyone with such a key. */
  readonly issuer?: string;
  /** Whom it must be for (`aud`). Default: anyone. */
  readonly audience?: string;
  /** The claim that says which instances its bearer may see: a glob, or a list of them. Default: {@link DEFAULT_CLAIM}. */
  readonly claim?: string;
  /** How far the clocks of the provider and the gateway may differ, in milliseconds. Default: {@link DEFAULT_LEEWAY_MS}. */
  readonly leewayMs?: number;
}

/** How long a token is accepted before its `nbf` and after its `exp`, unless told otherwise, in milliseconds. */
export const DEFAULT_LEEWAY_MS = 30_000;

/** The claim that is looked at unless told otherwise. */
export const DEFAULT_CLAIM = 'tilt_instances';
