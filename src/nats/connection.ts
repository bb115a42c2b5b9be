import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { NatsConnection } from '@nats-io/transport-node';
import { ProviderError } from '../providers/provider.js';
import type { BucketAddress } from './address.js';
import { type NatsCredentials, readCredentials } from './credentials.js';
import { connectError, placeOf } from './errors.js';

/** The oldest server that is tested: Debian's. Its key-value buckets have no time-to-live of single keys, nor need we it. */
const OLDEST_SERVER = [2, 9] as const;

/** How long a server may take to answer, in milliseconds. */
export const ANSWER_MS = 3_000;

/** How long after the loss of a server the next is tried, in milliseconds. */
const RECONNECT_MS = 250;

/** How often a server is asked whether it is there; one that is gone without a word is noticed within two of these milliseconds. */
const PING_MS = 3_000;

/**
 * Connects; the connection then finds another server of the cluster by itself when it breaks. Throws a `ProviderError`.
 * The client library is loaded here, by those alone who use it.
 *
 * @param name how the connection is shown by the server's own tools
 */
export async function connectNats(
  address: BucketAddress,
  credentials: NatsCredentials,
  name: string,
): Promise<NatsConnection> {
  const { connect } = await import('./library.js');
  const { servers, isTls, user, password, token } = address;
  const { tls = isTls ? {} : undefined, authenticator } = await readCredentials(credentials);
  const connection = await connect({
    servers: [...servers],
    name,
    timeout: ANSWER_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_MS,
    ...(user !== null && password !== null && { user, pass: password }),
    ...(token !== null && { token }),
    ...(authenticator && { authenticator }),
    ...(tls && { tls: withIdentity(tls, servers) }),
  }).catch((error) => {
    throw connectError(address, error, tls !== undefined);
  });
  const version = connection.info?.version ?? 'unknown';
  if (isOlder(version)) {
    await connection.close();
    const needed = OLDEST_SERVER.join('.');
    throw new ProviderError(
      'config',
      `${placeOf(address)}: expected a NATS server of version ${needed} or newer, got ${version}; update it`,
    );
  }
  return connection;
}

/**
 * The client library gives no name to check where a server is called by an IP address, and Node.js would then take
 * `localhost`: the certificate has to be of one of those addresses.
 */
function withIdentity<T extends object>(tls: T, servers: readonly string[]) {
  const hosts = servers.map((server) => new URL(`nats://${server}`).hostname.replace(/^\[|\]$/g, ''));
  const addresses = hosts.filter((host) => isIP(host) !== 0);
  const check: typeof checkServerIdentity = (host, certificate) => {
    if (host !== 'localhost' || addresses.length === 0) return checkServerIdentity(host, certificate);
    const names = hosts.includes(host) ? [host, ...addresses] : addresses;
    const errors = names.map((name) => checkServerIdentity(name, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
  return { ...tls, checkServerIdentity: check };
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
