// Public types: they do not import the client library, whose declarations need a newer TypeScript than ours.

/** How a bucket is set up; what is left out is whatever an existing bucket has. */
export interface BucketSettings {
  /** On how many servers each value is kept. Default: 1. */
  readonly replicas?: number;
  /** How many states of each Session are kept, for readers that come back: 1 to 64. Default: 64. */
  readonly history?: number;
  /** After how many milliseconds a Session that nobody writes any more is forgotten. Default: 7 days. */
  readonly maxAgeMs?: number;
  /** How long a publisher may be silent before its Sessions are STALE, in milliseconds. Default: 15 s. */
  readonly presenceMs?: number;
  /** Size of the bucket in bytes, which an account may require. Default: none. Presence takes 2 MiB of memory then. */
  readonly maxBytes?: number;
}

/** What a bucket has where nobody says otherwise. */
export const DEFAULT_BUCKET_SETTINGS: Required<Omit<BucketSettings, 'maxBytes'>> = {
  replicas: 1,
  history: 64,
  maxAgeMs: 7 * 24 * 3_600_000,
  presenceMs: 15_000,
};

/** Files with which one shows who one is; each is read when a connection is begun, not when it finds another server. */
export interface NatsCredentials {
  /** A `.creds` file, as `nsc` writes them. */
  readonly creds?: string;
  /** A file with the seed of an nkey. */
  readonly nkey?: string;
  /** PEM files: who signs the servers, and a certificate of one's own with its key. */
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}
