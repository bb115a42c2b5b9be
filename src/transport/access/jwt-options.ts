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
