import type { JetStreamClient, JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import type { KV, KvOptions } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { ProviderError } from '../providers/provider.js';
import type { BucketAddress } from './address.js';
import { ANSWER_MS } from './connection.js';
import { placeOf } from './errors.js';
import { type BucketSettings, DEFAULT_BUCKET_SETTINGS } from './settings.js';

export { type BucketSettings, DEFAULT_BUCKET_SETTINGS };

/** An open bucket, and the one beside it in which publishers say that they are there. */
export interface Bucket {
  readonly address: BucketAddress;
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** The same for those who ask again soon: it waits for an answer for {@link ASK_MS} alone. */
  readonly asker: JetStreamManager;
  readonly sessions: KV;
  readonly presence: KV;
  readonly sessionStream: string;
  readonly presenceStream: string;
  /** Tells this bucket from one of the same name that was made anew: small letters and digits. */
  readonly log: string;
  readonly maxAgeMs: number;
  readonly presenceMs: number;
}

/** How long an answer may take to who asks again soon, in milliseconds. */
const ASK_MS = 1_000;

/** Size of the presence of a bucket whose size is limited, in bytes: enough for about 10,000 Sessions. */
const PRESENCE_BYTES = 2 * 2 ** 20;

/**
 * Why a stream is not created, however often it is tried: the server's codes, by which `nats-server` tells limits of an account
 * from a cluster that is not complete for now.
 */
const IMPOSSIBLE: ReadonlyMap<unknown, string> = new Map([
  [10002, 'raise the limits of the account'],
  [10027, 'raise max_streams of the account (two are needed), or create the bucket with another account'],
  [
    10028,
    'the presence bucket needs memory: raise max_mem of the account or server, or lower --bucket-max-bytes',
  ],
  [10047, 'raise max_store (max_file) of the account or server, or lower --bucket-max-bytes'],
  [10113, 'the account requires a size: give one with --bucket-max-bytes, such as 64M'],
  [10122, 'lower --bucket-max-bytes, or raise the largest size that the account allows for a stream'],
]);

const NANOS = 1_000_000; // nanoseconds of a millisecond

/**
 * Opens a bucket, which is made when there is none. Throws a `ProviderError` of code `config` when there is one that is
 * set up in another way than is asked for.
 *
 * Presence has a bucket of its own because the servers we support have no time-to-live of single keys (before 2.11):
 * there all values have the same short one. It is kept in memory: after a restart of the servers it is written anew
 * within a third of its time.
 *
 * @param last the bucket when it was opened before: whoever creates its presence again gives it the same time
 */
export async function openBucket(
  connection: NatsConnection,
  address: BucketAddress,
  settings: BucketSettings = {},
  last: Pick<Bucket, 'presenceMs'> | null = null,
): Promise<Bucket> {
  const { jetstream: createClient, jetstreamManager, Kvm } = await import('./library.js');
  const jetstream = createClient(connection, { timeout: ANSWER_MS });
  const manager = await jetstreamManager(connection, { timeout: ANSWER_MS });
  const asker = await jetstreamManager(connection, { timeout: ASK_MS, checkAPI: false });
  const kvm = new Kvm(jetstream);
  const { replicas, history, maxAgeMs, presenceMs, maxBytes } = {
    ...DEFAULT_BUCKET_SETTINGS,
    ...(last && { presenceMs: last.presenceMs }),
    ...settings,
  };
  // Read from the leader alone: another server may not have yet what was written a moment ago.
  const both: Partial<KvOptions> = { replicas, allow_direct: false };
  const presenceName = `${address.bucket}_presence`;
  const create = (name: string, options: Partial<KvOptions>) =>
    kvm.create(name, { ...both, ...options }).catch((error) => {
      throw creationError(address, name, error);
    });
  const sessions = await create(address.bucket, {
    history,
    ttl: maxAgeMs,
    ...(maxBytes !== undefined && { max_bytes: maxBytes }),
  });
  const presence = await create(presenceName, {
    history: 1,
    ttl: presenceMs,
    storage: 'memory',
    ...(maxBytes !== undefined && { max_bytes: Math.min(maxBytes, PRESENCE_BYTES) }),
  });
  const info = await manager.streams.info(`KV_${address.bucket}`);
  const presenceInfo = await manager.streams.info(`KV_${presenceName}`);
  check(address, info, presenceInfo.config, settings);
  return {
    address,
    connection,
    jetstream,
    manager,
    asker,
    sessions,
    presence,
    sessionStream: info.config.name,
    presenceStream: presenceInfo.config.name,
    log: Math.floor(Date.parse(info.created)).toString(36),
    maxAgeMs: info.config.max_age / NANOS,
    presenceMs: presenceInfo.config.max_age / NANOS,
  };
}

/** Where trying again is of no use, an error that says which bucket, the server's words, and what to do. */
function creationError(address: BucketAddress, name: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const hint = IMPOSSIBLE.get(error.code);
  if (hint === undefined) return error;
  return new ProviderError(
    'config',
    `${placeOf(address)}: ${name} cannot be created (${error.message}); ${hint}`,
  );
}

function check(
  address: BucketAddress,
  { config }: StreamInfo,
  presence: StreamConfig,
  { replicas, history, maxAgeMs, presenceMs, maxBytes }: BucketSettings,
): void {
  const differences = [
    difference('replicas', config.num_replicas, replicas),
    difference('history', config.max_msgs_per_subject, history),
    difference('max bytes', config.max_bytes, maxBytes),
    difference('max age', seconds(config.max_age / NANOS), maxAgeMs && seconds(maxAgeMs)),
    difference('presence time', seconds(presence.max_age / NANOS), presenceMs && seconds(presenceMs)),
    presence.max_age > 0 ? null : 'its presence bucket has no age limit, expected one of some seconds',
  ].filter((line) => line !== null);
  if (differences.length === 0) return;
  const mend = 'ask for what it has, change it with the nats tool, or take another bucket';
  throw new ProviderError('config', `${placeOf(address)}: ${differences.join('; ')}; ${mend}`);
}

function difference(what: string, has: number | string, wanted: number | string | undefined): string | null {
  return wanted === undefined || wanted === has ? null : `expected ${what} ${wanted}, got ${has}`;
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
