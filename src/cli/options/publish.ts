import { ADDRESS_FORM } from '../../nats/settings.js';
import { type FlagsOf, file, flag, oneOf, option, type ValuesOf } from './option.js';
import { bytes, durationMs } from './units.js';
import { append, between, instance } from './values.js';

/** Forms of `--source` and `--from`, for help and error messages. */
export const SOURCE_FORMS = `tilt, tilt:CONTEXT, demo, demo:SEED, - (standard input), the path of a file or folder, or ${ADDRESS_FORM}`;

/** Log levels, from the quietest to the most verbose. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** Log level and format. `serve` has these options too. */
export const logOptions = {
  level: option('--log-level <level>', 'log level', {
    ...oneOf(LOG_LEVELS),
    initial: 'info',
    env: 'TILT_GRAPHQL_LOG_LEVEL',
  }),
  format: option('--log-format <format>', 'format of log lines', {
    ...oneOf(['text', 'json']),
    initial: 'text',
    env: 'TILT_GRAPHQL_LOG_FORMAT',
  }),
};

/** Values of {@link logOptions}. */
export type LogFlags = ValuesOf<typeof logOptions>;

/** Logs of Tilts. `serve` has these options too. */
export const tiltLogOptions = {
  areRead: flag(
    '--logs',
    'read the logs of the Tilts on this machine, which may contain secrets, and keep the last lines',
    'TILT_GRAPHQL_LOGS',
  ),
  redact: option(
    '--redact <pattern>',
    'regular expression (RE2 syntax) of text to remove from logs, in addition to tokens and passwords; may be repeated',
    { parse: append, isRepeatable: true, initial: [], shown: 'none', env: 'TILT_GRAPHQL_REDACT' },
  ),
};

/** NATS credentials, with the names in `NatsCredentials`. `serve` has these options too. */
export const credentialOptions = {
  creds: file(
    '--nats-creds <file>',
    'NATS credentials file (.creds); a user or a token goes into the address',
    'TILT_GRAPHQL_NATS_CREDS',
  ),
  nkey: file('--nats-nkey <file>', 'file with a NATS nkey seed', 'TILT_GRAPHQL_NATS_NKEY'),
  tlsCa: file(
    '--nats-tls-ca <file>',
    'CA certificates that sign the certificates of the NATS servers (PEM)',
    'TILT_GRAPHQL_NATS_TLS_CA',
  ),
  tlsCert: file(
    '--nats-tls-cert <file>',
    'TLS client certificate for NATS (PEM)',
    'TILT_GRAPHQL_NATS_TLS_CERT',
  ),
  tlsKey: file('--nats-tls-key <file>', 'private key of that certificate (PEM)', 'TILT_GRAPHQL_NATS_TLS_KEY'),
};

/** Settings of a bucket, with the names in `BucketSettings`. `serve` has these options too. */
export const bucketOptions = {
  replicas: option(
    '--bucket-replicas <number>',
    'number of NATS servers that store the bucket (default: 1 for a new bucket)',
    { parse: between(1, 5), env: 'TILT_GRAPHQL_BUCKET_REPLICAS' },
  ),
  history: option(
    '--bucket-history <number>',
    'states of each Session that the bucket keeps for readers that resume (default: 64 for a new bucket)',
    { parse: between(1, 64), env: 'TILT_GRAPHQL_BUCKET_HISTORY' },
  ),
  maxAgeMs: option(
    '--bucket-max-age <duration>',
    'time after which a Session without a publisher is removed (default: 7d for a new bucket)',
    { parse: durationMs, env: 'TILT_GRAPHQL_BUCKET_MAX_AGE' },
  ),
  presenceMs: option(
    '--bucket-presence <duration>',
    'time without a heartbeat after which the Sessions of a publisher are STALE (default: 15s for a new bucket)',
    { parse: durationMs, env: 'TILT_GRAPHQL_BUCKET_PRESENCE' },
  ),
  maxBytes: option(
    '--bucket-max-bytes <size>',
    'maximum size of the bucket, where the account requires one, such as 64M (default: none for a new bucket)',
    { parse: (size) => bytes(size) || undefined, env: 'TILT_GRAPHQL_BUCKET_MAX_BYTES' },
  ),
};

/** Options of `publish`. */
export const publishOptions = {
  credentials: credentialOptions,
  bucket: bucketOptions,
  log: logOptions,
  tiltLogs: tiltLogOptions,
  publish: {
    to: option('-t, --to <address>', 'bucket to write to: nats://HOST[:PORT][,HOST…]/BUCKET', {
      parse: (address) => address,
      initial: '',
      isMandatory: true,
      env: 'TILT_GRAPHQL_PUBLISH_TO',
    }),
    from: option('-f, --from <spec>', `source to publish, may be repeated: ${SOURCE_FORMS}`, {
      parse: append,
      isRepeatable: true,
      initial: [],
      shown: 'every Tilt on this machine; with a command, only the Tilt that it starts',
      completion: 'files',
      env: 'TILT_GRAPHQL_PUBLISH_FROM',
    }),
    kubeconfig: file(
      '--kubeconfig <path>',
      'kubeconfig with Tilts (default: the one that Tilt writes)',
      'TILT_GRAPHQL_KUBECONFIG',
    ),
    instance: option(
      '-i, --instance <name>',
      "instance name to publish under; dots make groups that can be queried: team-a.ci.1234 (default: the host name, a dot, and Tilt's name)",
      { parse: instance, env: 'TILT_GRAPHQL_INSTANCE' },
    ),
    takeOver: flag('--take-over', 'replace another publisher of the same instance'),
    deadlineMs: option(
      '--deadline <duration>',
      'how long to wait at exit for the broker to accept the final state',
      { parse: durationMs, initial: 5_000, shown: '5s', env: 'TILT_GRAPHQL_DEADLINE' },
    ),
  },
};

/** Values of {@link publishOptions}. */
export type PublishFlags = FlagsOf<typeof publishOptions>;
