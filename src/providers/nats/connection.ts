import type { NatsConnection } from '@nats-io/transport-node';
import { ProviderError } from '../provider.js';
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
    ...(tls && { tls }),
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

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
