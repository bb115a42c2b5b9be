import type { JetStreamClient, JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import type { KV, KvOptions } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { isSystemError, messageOf } from '../lib/errors.js';
import { ProviderError } from '../providers/provider.js';
import { REQUEST_TIMEOUT_MS } from './connection.js';
import { isDenied } from './errors.js';
import {
  type BucketAddress,
  type BucketSettings,
  DEFAULT_BUCKET_SETTINGS,
  formatAddress,
} from './settings.js';

/** An open bucket, and its presence bucket, to which publishers write heartbeats. */
export interface Bucket {
  readonly address: BucketAddress;
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** The same for polling, with a timeout of {@link POLL_TIMEOUT_MS}. */
  readonly pollManager: JetStreamManager;
  readonly sessions: KV;
  readonly presence: KV;
  readonly sessionStream: string;
  readonly presenceStream: string;
  /**
   * Writes a state, with headers. Returns its revision. Rejects if the key has another revision than
   * `previous`; 0 means that it has none.
   */
  putState(
    key: string,
    value: Uint8Array,
    previous: number,
    more: ReadonlyMap<string, string>,
  ): Promise<number>;
  /** Identifies the bucket: one that is deleted and created again differs. Lower-case letters and digits. */
  readonly log: string;
  readonly maxAgeMs: number;
  readonly presenceMs: number;
  /** Whether the presence bucket exists. Publishers create it; see {@link OpenOptions}. */
  readonly hasPresence: boolean;
  /** Its settings. Those that are not known are omitted. */
  readonly settings: BucketSettings;
}

/** Options of {@link openBucket}. */
export interface OpenOptions {
  /** Expected settings, and those of a bucket that is created. Default: any, and the default settings. */
  readonly settings?: BucketSettings | undefined;
  /**
   * The bucket as it was opened before: if it was lost, it is created again with the same settings. Once its
   * presence time is known, another one is accepted in place of that of `settings`.
   */
  readonly last?: Pick<Bucket, 'settings'> | null;
  /**
   * Whether the bucket may be opened without its presence bucket, if its presence time is not known or its
   * creation is not permitted. Default: no.
   */
  readonly mayLackPresence?: boolean;
}

/** Timeout of requests that are repeated at once, in milliseconds. */
const POLL_TIMEOUT_MS = 1_000;

/**
 * Size of the presence bucket if the bucket's size is limited, in bytes: enough for about 10,000 Sessions.
 */
const MAX_PRESENCE_BYTES = 2 * 2 ** 20;

/**
 * Hints for permanent errors of creating a stream, by the code of `nats-server`. A cluster that is
 * temporarily incomplete has other codes.
 */
const PERMANENT_ERRORS: ReadonlyMap<unknown, string> = new Map([
  [10002, 'raise the limits of the account'],
  [10027, 'raise max_streams of the account (two are needed), or create the bucket with another account'],
  [
    10028,
    'the presence bucket needs memory: raise max_mem of the account or server, or lower --bucket-max-bytes',
  ],
  [10047, 'raise max_store (max_file) of the account or server, or lower --bucket-max-bytes'],
  [10113, 'the account requires a size: give one with --bucket-max-bytes, such as 64M'],
  [10122, 'lower --bucket-max-bytes, or raise the maximum stream size of the account'],
]);

/** Header of a write that expects a revision of its key (ADR-8). */
const EXPECTED_REVISION = 'Nats-Expected-Last-Subject-Sequence';

export const NANOS_PER_MS = 1_000_000;

/**
 * Opens a bucket and creates it if it does not exist. Throws a `ProviderError` of code `config` if it exists
 * with other settings than the given ones.
 *
 * Presence has a bucket of its own because NATS before 2.11 has no TTL per key; all its values have the same
 * short TTL. It is kept in memory. After a restart of the servers it is created again, with the TTL in the
 * description of the bucket, and written again within a third of this TTL.
 */
export async function openBucket(
  connection: NatsConnection,
  address: BucketAddress,
  { settings = {}, last = null, mayLackPresence = false }: OpenOptions = {},
): Promise<Bucket> {
  const { headers, jetstream: createClient, jetstreamManager, Kvm } = await import('./library.js');
  const jetstream = createClient(connection, { timeout: REQUEST_TIMEOUT_MS });
  const manager = await jetstreamManager(connection, { timeout: REQUEST_TIMEOUT_MS });
  const pollManager = await jetstreamManager(connection, { timeout: POLL_TIMEOUT_MS, checkAPI: false });
  const kvm = new Kvm(jetstream);
  const { presenceMs: _, ...others } = settings;
  // Operators change the presence time while gateways and publishers run. Those that were started with the
  // earlier one follow the change, also after the connection or the bucket was lost.
  const expected = last?.settings.presenceMs === undefined ? settings : others;
  const known = { ...last?.settings, ...expected };
  const { replicas, history, maxAgeMs, presenceMs, maxBytes } = { ...DEFAULT_BUCKET_SETTINGS, ...known };
  // Read from the leader only: other servers may not have the latest write yet.
  const common = { allow_direct: false };
  const presenceName = `${address.bucket}_presence`;
  const create = (name: string, options: Partial<KvOptions>) =>
    kvm.create(name, { ...common, ...options }).catch((error) => {
      throw toCreationError(address, name, error);
    });
  const sessions = await create(address.bucket, {
    description: describePresence(presenceMs),
    replicas,
    history,
    ttl: maxAgeMs,
    ...(maxBytes !== undefined && { max_bytes: maxBytes }),
  });
  const info = await manager.streams.info(`KV_${address.bucket}`);
  const presenceStream = `KV_${presenceName}`;
  const stored = toSettings(info.config);
  const presenceInfo = await openPresence();
  const presence = await kvm.open(presenceName, { ...common });
  const found = {
    ...stored,
    ...(presenceInfo && { presenceMs: presenceInfo.config.max_age / NANOS_PER_MS }),
  };
  return {
    address,
    connection,
    jetstream,
    manager,
    pollManager,
    sessions,
    presence,
    sessionStream: info.config.name,
    presenceStream,
    async putState(key, value, previous, more) {
      const all = headers();
      for (const [name, text] of more) all.set(name, text);
      // `put` of the library sends this header, and takes no others.
      all.set(EXPECTED_REVISION, String(previous));
      const { seq } = await jetstream.publish(`$KV.${address.bucket}.${key}`, value, { headers: all });
      return seq;
    },
    log: Math.floor(Date.parse(info.created)).toString(36),
    maxAgeMs: info.config.max_age / NANOS_PER_MS,
    presenceMs: found.presenceMs ?? presenceMs,
    hasPresence: presenceInfo !== null,
    settings: found,
  };

  /** Opens the presence bucket, and creates it if it does not exist. Null if it has to be left out. */
  async function openPresence(): Promise<StreamInfo | null> {
    const existing = await manager.streams.info(presenceStream).catch(orNullIfMissing);
    // Before it is created: with another presence time, it would lock out the other publishers.
    checkSettings(address, info.config, existing?.config ?? null, expected);
    if (existing !== null) return existing;
    // An operator may have changed the bucket since it was opened last.
    const ttl = stored.presenceMs ?? known.presenceMs;
    // Another TTL than that of the publishers would lock them out, so a reader leaves the creation to them.
    if (ttl === undefined && mayLackPresence) return null;
    try {
      await create(presenceName, {
        replicas: info.config.num_replicas,
        history: 1,
        ttl: ttl ?? presenceMs,
        storage: 'memory',
        ...(stored.maxBytes !== undefined && { max_bytes: Math.min(stored.maxBytes, MAX_PRESENCE_BYTES) }),
      });
    } catch (error) {
      if (mayLackPresence && isDenied(error)) return null;
      throw error;
    }
    const created = await manager.streams.info(presenceStream);
    // Another process may have created it at the same time.
    checkSettings(address, info.config, created.config, expected);
    return created;
  }
}

function orNullIfMissing(error: unknown): null {
  if (/stream not found/i.test(messageOf(error))) return null;
  throw error;
}

/** Description of a bucket, from which its presence bucket is created again. */
function describePresence(presenceMs: number): string {
  return `Sessions of Tilt; presence ${presenceMs} ms`;
}

/** Finds the presence time in the description of a bucket. Buckets of earlier versions have none. */
function findPresence({ description = '' }: Pick<StreamConfig, 'description'>): number | undefined {
  const [, ms] = /\bpresence (\d{1,12}) ms\b/.exec(description) ?? [];
  return ms === undefined ? undefined : Number(ms);
}

/** Reads the settings of a bucket without its presence bucket. */
function toSettings(config: StreamConfig): BucketSettings {
  const presenceMs = findPresence(config);
  return {
    replicas: config.num_replicas,
    history: config.max_msgs_per_subject,
    maxAgeMs: config.max_age / NANOS_PER_MS,
    ...(presenceMs !== undefined && { presenceMs }),
    ...(config.max_bytes > 0 && { maxBytes: config.max_bytes }),
  };
}

/** Converts a permanent error into one that names the bucket, the server's message and a hint. */
function toCreationError(address: BucketAddress, name: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const hint = PERMANENT_ERRORS.get(error.code);
  if (hint === undefined) return error;
  return new ProviderError(
    'config',
    `${formatAddress(address)}: cannot create the bucket ${name} (${error.message}); ${hint}`,
  );
}

function checkSettings(
  address: BucketAddress,
  config: StreamConfig,
  presence: StreamConfig | null,
  { replicas, history, maxAgeMs, presenceMs, maxBytes }: BucketSettings,
): void {
  const differences = [
    compare('replicas', config.num_replicas, replicas),
    compare('history', config.max_msgs_per_subject, history),
    compare('max bytes', config.max_bytes, maxBytes),
    compare('max age', formatSeconds(config.max_age / NANOS_PER_MS), maxAgeMs && formatSeconds(maxAgeMs)),
    comparePresence(config, presence, presenceMs),
    presence?.max_age === 0 ? 'its presence bucket has no age limit, expected some seconds' : null,
  ].filter((line) => line !== null);
  if (differences.length === 0) return;
  const hint = 'use the existing settings, change them with the nats CLI, or use another bucket';
  throw new ProviderError('config', `${formatAddress(address)}: ${differences.join('; ')}; ${hint}`);
}

/** Compares the presence time of a bucket. Without a presence bucket, its description has the time. */
function comparePresence(
  config: StreamConfig,
  presence: StreamConfig | null,
  expectedMs: number | undefined,
): string | null {
  const foundMs = presence === null ? findPresence(config) : presence.max_age / NANOS_PER_MS;
  if (foundMs === undefined) return null;
  const line = compare('presence time', formatSeconds(foundMs), expectedMs && formatSeconds(expectedMs));
  return line !== null && presence === null ? `${line} in its description` : line;
}

function compare(what: string, got: number | string, expected: number | string | undefined): string | null {
  return expected === undefined || expected === got ? null : `expected ${what} ${expected}, got ${got}`;
}

function formatSeconds(ms: number): string {
  return `${ms / 1_000} s`;
}
