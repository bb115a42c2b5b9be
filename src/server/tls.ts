// A file of its own: the library exports this type, and its declarations must not load those of the server.

/** Certificate chain and private key, both in PEM format. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}
