import { createHash, timingSafeEqual } from 'node:crypto';
import type { Refusal } from './guard.js';
import { EVERYTHING, type Scope } from './scope.js';

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
export interface AccessOptions {
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
