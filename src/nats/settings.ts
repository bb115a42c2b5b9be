// These types are public. They import nothing from the client library, whose declarations need a newer
// TypeScript.
import { ProviderError } from '../providers/provider.js';

/** Address of a bucket, parsed by {@link parseAddress}. */
export interface BucketAddress {
  /** Servers of one cluster, `host:port`. The first that answers is used. */
  readonly servers: readonly string[];
  readonly isTls: boolean;
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
  readonly bucket: string;
  /** Subject of the keys, such as `team-a.>`; `>` for all. */
  readonly subject: string;
}

/** Configuration of a bucket. Omitted fields keep the values of an existing bucket. */
export interface BucketSettings {
  /** Number of servers that store each value. Default: 1. */
  readonly replicas?: number;
  /** Number of states kept of each Session, for clients that resume: 1 to 64. Default: 64. */
  readonly history?: number;
  /** Age at which a Session that is no longer written is removed, in milliseconds. Default: 7 days. */
  readonly maxAgeMs?: number;
  /** Silence after which the Sessions of a publisher are STALE, in milliseconds. Default: 15 s. */
  readonly presenceMs?: number;
  /** Maximum size in bytes; some accounts require one. Presence then takes 2 MiB of memory. Default: none. */
  readonly maxBytes?: number;
}

/** Settings of a bucket that is created without explicit ones. */
export const DEFAULT_BUCKET_SETTINGS: Required<Omit<BucketSettings, 'maxBytes'>> = {
  replicas: 1,
  history: 64,
  maxAgeMs: 7 * 24 * 3_600_000,
  presenceMs: 15_000,
};

/** Credential files. They are read when a connection is opened, not when it moves to another server. */
export interface NatsCredentials {
  /** A `.creds` file, as written by `nsc`. */
  readonly creds?: string;
  /** A file with the seed of an nkey. */
  readonly nkey?: string;
  /** PEM files: the CA of the servers, and a client certificate with its key. */
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** The form of an address, for help and errors. */
export const ADDRESS_FORM = 'nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT][,HOST…]/BUCKET[/SUBJECT]';

const FORM = /^(nats|tls):\/\/(?:([^@/]*)@)?([^@/]+)\/([^/]+)(?:\/([^/]+))?$/;
const SERVER = /^(?:\[[\da-f:]+\]|[\w.-]+)(?::\d{1,5})?$/i;
const BUCKET = /^[\w-]{1,200}$/;
const SUBJECT = /^(?:(?:[\w=-]+|\*)\.)*(?:[\w=-]+|\*|>)$/;

/** Whether a text has the scheme of a bucket address. */
export function isAddress(text: string): boolean {
  return /^(nats|tls):\/\//.test(text);
}

/** Parses an address. Throws a `ProviderError` of code `config` whose message does not contain the login. */
export function parseAddress(text: string): BucketAddress {
  const [, scheme, login, hosts = '', bucket = '', subject = '>'] = FORM.exec(text) ?? [];
  const servers = hosts.split(',');
  const isValid =
    servers.every((server) => SERVER.test(server)) && BUCKET.test(bucket) && SUBJECT.test(subject);
  if (scheme === undefined || !isValid) {
    // Text before an @ may be a login even without a scheme.
    const shown = text.includes('://') ? withoutLogin(text) : text.replace(/^.*@/s, '');
    throw new ProviderError('config', `expected ${ADDRESS_FORM}, got ${JSON.stringify(shown)}`);
  }
  const [first = '', second] = login === undefined ? [] : login.split(/:(.*)/s).map(decodePercents);
  return {
    servers,
    isTls: scheme === 'tls',
    user: second === undefined ? null : first,
    password: second ?? null,
    token: login !== undefined && second === undefined ? first : null,
    bucket,
    subject,
  };
}

/** Whether two addresses are certainly those of one bucket: they have a server in common. */
export function isSameBucket(a: BucketAddress, b: BucketAddress): boolean {
  const servers = new Set(a.servers.map(withPort));
  return a.bucket === b.bucket && b.servers.some((server) => servers.has(withPort(server)));
}

function withPort(server: string): string {
  return `${server}${/:\d+$/.test(server) ? '' : ':4222'}`.toLowerCase();
}

/**
 * Whether a subject may select one of the keys that begin with these tokens. Each of them has at least one
 * more token.
 */
export function mayMatch(subject: string, prefix: readonly string[]): boolean {
  const tokens = subject.split('.');
  const end = tokens.findIndex(
    (token, index) => token === '>' || index >= prefix.length || (token !== '*' && token !== prefix[index]),
  );
  return end >= 0 && (tokens[end] === '>' || end >= prefix.length);
}

/** Removes the login from an address, for messages and logs. */
export function withoutLogin(text: string): string {
  return text.replace(/(\w+:\/\/).*@/s, '$1');
}

/** Formats an address without its login, for messages and logs. */
export function formatAddress({ servers, isTls, bucket }: BucketAddress): string {
  return `${isTls ? 'tls' : 'nats'}://${servers.join(',')}/${bucket}`;
}

function decodePercents(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
