import { between, bytes, durationMs } from './option-values.js';
import { file, oneOf, option, type ValuesOf } from './options.js';

/** The levels, from the quietest to the loudest. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** What is logged, and how. */
export const logOptions = {
  level: option('--log-level <level>', 'how much to log', {
    ...oneOf(LOG_LEVELS),
    initial: 'info',
    env: 'TILT_GRAPHQL_LOG_LEVEL',
  }),
  format: option('--log-format <format>', 'how log lines look', {
    ...oneOf(['text', 'json']),
    initial: 'text',
    env: 'TILT_GRAPHQL_LOG_FORMAT',
  }),
};

/** Values of {@link logOptions}. */
export type LogFlags = ValuesOf<typeof logOptions>;

/** Credentials for NATS, named as in `NatsCredentials`. */
export const credentialOptions = {
  creds: file(
    '--nats-creds <file>',
    'credentials for NATS (.creds); a user or a token stand in the address',
    'TILT_GRAPHQL_NATS_CREDS',
  ),
  nkey: file('--nats-nkey <file>', 'seed of an nkey for NATS', 'TILT_GRAPHQL_NATS_NKEY'),
  tlsCa: file(
    '--nats-tls-ca <file>',
    'who signs the certificates of the NATS servers (PEM)',
    'TILT_GRAPHQL_NATS_TLS_CA',
  ),
  tlsCert: file('--nats-tls-cert <file>', 'certificate to show to NATS (PEM)', 'TILT_GRAPHQL_NATS_TLS_CERT'),
  tlsKey: file('--nats-tls-key <file>', 'key of that certificate (PEM)', 'TILT_GRAPHQL_NATS_TLS_KEY'),
};

/** Set-up of a bucket, named as in `BucketSettings`. */
export const bucketOptions = {
  replicas: option(
    '--bucket-replicas <number>',
    'on how many NATS servers a bucket is kept (default: 1, or as it is)',
    { parse: between(1, 5), env: 'TILT_GRAPHQL_BUCKET_REPLICAS' },
  ),
  history: option(
    '--bucket-history <number>',
    'how many states of each Session a bucket keeps for readers that come back (default: 64, or as it is)',
    { parse: between(1, 64), env: 'TILT_GRAPHQL_BUCKET_HISTORY' },
  ),
  maxAgeMs: option(
    '--bucket-max-age <duration>',
    'after how long a Session that nobody publishes is forgotten (default: 7d, or as it is)',
    { parse: durationMs, env: 'TILT_GRAPHQL_BUCKET_MAX_AGE' },
  ),
  presenceMs: option(
    '--bucket-presence <duration>',
    'how long a publisher may be silent before its Sessions are STALE (default: 15s, or as it is)',
    { parse: durationMs, env: 'TILT_GRAPHQL_BUCKET_PRESENCE' },
  ),
  maxBytes: option(
    '--bucket-max-bytes <size>',
    'size of a bucket, where the account requires one, such as 64M (default: none, or as it is)',
    { parse: (size) => bytes(size) || undefined, env: 'TILT_GRAPHQL_BUCKET_MAX_BYTES' },
  ),
};
