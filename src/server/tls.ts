/** A certificate with its chain, and its key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}
