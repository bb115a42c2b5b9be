/** Certificate chain and private key, both in PEM format. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}
