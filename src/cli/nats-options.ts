import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BucketSettings } from '../providers/nats/bucket.js';
import type { NatsCredentials } from '../providers/nats/credentials.js';
import { bytes, durationMs } from './option-values.js';

/** How a NATS server is told who asks, and how a bucket is to be set up. */
export interface NatsFlags {
  readonly natsCreds?: string;
  readonly natsNkey?: string;
  readonly natsTlsCa?: string;
  readonly natsTlsCert?: string;
  readonly natsTlsKey?: string;
  readonly bucketReplicas?: number;
  readonly bucketHistory?: number;
  /** Milliseconds. */
  readonly bucketMaxAge?: number;
  /** Milliseconds. */
  readonly bucketPresence?: number;
  /** Bytes. */
  readonly bucketMaxBytes?: number;
}

/** Adds the options about NATS; each may also come from the environment. */
export function addNatsOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--nats-creds <file>',
        'credentials for NATS (.creds); a user or a token stand in the address',
      ).env('TILT_GRAPHQL_NATS_CREDS'),
    )
    .addOption(new Option('--nats-nkey <file>', 'seed of an nkey for NATS').env('TILT_GRAPHQL_NATS_NKEY'))
    .addOption(
      new Option('--nats-tls-ca <file>', 'who signs the certificates of the NATS servers (PEM)').env(
        'TILT_GRAPHQL_NATS_TLS_CA',
      ),
    )
    .addOption(
      new Option('--nats-tls-cert <file>', 'certificate to show to NATS (PEM)').env(
        'TILT_GRAPHQL_NATS_TLS_CERT',
      ),
    )
    .addOption(
      new Option('--nats-tls-key <file>', 'key of that certificate (PEM)').env('TILT_GRAPHQL_NATS_TLS_KEY'),
    )
    .addOption(
      new Option(
        '--bucket-replicas <number>',
        'on how many NATS servers a bucket is kept (default: 1, or as it is)',
      )
        .env('TILT_GRAPHQL_BUCKET_REPLICAS')
        .argParser(between(1, 5)),
    )
    .addOption(
      new Option(
        '--bucket-history <number>',
        'how many states of each Session a bucket keeps for readers that come back (default: 64, or as it is)',
      )
        .env('TILT_GRAPHQL_BUCKET_HISTORY')
        .argParser(between(1, 64)),
    )
    .addOption(
      new Option(
        '--bucket-max-age <duration>',
        'after how long a Session that nobody publishes is forgotten (default: 7d, or as it is)',
      )
        .env('TILT_GRAPHQL_BUCKET_MAX_AGE')
        .argParser(durationMs),
    )
    .addOption(
      new Option(
        '--bucket-presence <duration>',
        'how long a publisher may be silent before its Sessions are STALE (default: 15s, or as it is)',
      )
        .env('TILT_GRAPHQL_BUCKET_PRESENCE')
        .argParser(durationMs),
    )
    .addOption(
      new Option(
        '--bucket-max-bytes <size>',
        'size of a bucket, where the account requires one, such as 64M (default: none, or as it is)',
      )
        .env('TILT_GRAPHQL_BUCKET_MAX_BYTES')
        .argParser(bytes),
    );
}

/** The files of the flags. */
export function credentialsOf(flags: NatsFlags): NatsCredentials {
  return withoutUndefined({
    creds: flags.natsCreds,
    nkey: flags.natsNkey,
    tlsCa: flags.natsTlsCa,
    tlsCert: flags.natsTlsCert,
    tlsKey: flags.natsTlsKey,
  });
}

/** The settings of the flags. */
export function settingsOf(flags: NatsFlags): BucketSettings {
  return withoutUndefined({
    replicas: flags.bucketReplicas,
    history: flags.bucketHistory,
    maxAgeMs: flags.bucketMaxAge,
    presenceMs: flags.bucketPresence,
    maxBytes: flags.bucketMaxBytes === 0 ? undefined : flags.bucketMaxBytes,
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(object: T): Defined<T> {
  const defined: Defined<T> = {};
  for (const key in object) {
    const value = object[key];
    if (isDefined(value)) defined[key] = value;
  }
  return defined;
}

function isDefined<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined;
}

function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
  };
}
