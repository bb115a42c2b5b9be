import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import type { Authenticator, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { messageOf } from '../lib/errors.js';
import { bareHost } from '../lib/host.js';
import { ProviderError } from '../providers/provider.js';
import { toConnectError } from './errors.js';
import { type BucketAddress, formatAddress, type NatsCredentials } from './settings.js';

/**
 * The oldest server that is tested: Debian's. Its key-value buckets have no TTL per key, and none is needed.
 */
const MIN_SERVER_VERSION = [2, 9] as const;

/** Timeout of requests to a server, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 3_000;

/** Delay before the next server is tried after a disconnect, in milliseconds. */
const RECONNECT_MS = 250;

/** Interval of pings, in milliseconds. A server that disappears silently is noticed within two intervals. */
const PING_MS = 3_000;

/**
 * Opens a connection, which moves to another server of the cluster by itself when it breaks. Loads the client
 * library. Throws a `ProviderError`.
 *
 * @param name name of the connection in the server's own tools
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
    timeout: REQUEST_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_MS,
    ...(user !== null && password !== null && { user, pass: password }),
    ...(token !== null && { token }),
    ...(authenticator && { authenticator }),
    ...(tls && { tls: withIdentityCheck(tls, servers) }),
  }).catch((error) => {
    throw toConnectError(address, error, tls !== undefined);
  });
  const version = connection.info?.version ?? 'unknown';
  if (isTooOld(version)) {
    await connection.close();
    const required = MIN_SERVER_VERSION.join('.');
    throw new ProviderError(
      'config',
      `${formatAddress(address)}: expected NATS server ${required} or newer, got ${version}; update the server`,
    );
  }
  return connection;
}

/**
 * The client library passes no host name for a server with an IP address, and Node.js would then check
 * against `localhost`. The certificate must be valid for one of these addresses.
 */
function withIdentityCheck<T extends object>(tls: T, servers: readonly string[]) {
  const hosts = servers.map((server) => bareHost(new URL(`nats://${server}`)));
  const addresses = hosts.filter((host) => isIP(host) !== 0);
  const check: typeof checkServerIdentity = (host, certificate) => {
    if (host !== 'localhost' || addresses.length === 0) return checkServerIdentity(host, certificate);
    const names = hosts.includes(host) ? [host, ...addresses] : addresses;
    const errors = names.map((name) => checkServerIdentity(name, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
  return { ...tls, checkServerIdentity: check };
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [minMajor, minMinor] = MIN_SERVER_VERSION;
  return major < minMajor || (major === minMajor && minor < minMinor);
}

/** Reads credential files. Throws a `ProviderError` of code `config` that does not contain their contents. */
export async function readCredentials(
  credentials: NatsCredentials,
): Promise<Pick<NodeConnectionOptions, 'authenticator' | 'tls'>> {
  const authenticator = await readAuthenticator(credentials);
  const tls = await readTls(credentials);
  return { ...(authenticator && { authenticator }), ...(tls && { tls }) };
}

async function readAuthenticator({ creds, nkey }: NatsCredentials): Promise<Authenticator | null> {
  const { credsAuthenticator, nkeyAuthenticator } = await import('./library.js');
  if (creds !== undefined) {
    const expected = `credentials as written by nsc in ${creds} (--nats-creds)`;
    return checkUsable(expected, credsAuthenticator(Buffer.from(await readText('--nats-creds', creds))));
  }
  if (nkey !== undefined) {
    const expected = `the seed of a user nkey, which begins with SU, in ${nkey} (--nats-nkey)`;
    return checkUsable(
      expected,
      nkeyAuthenticator(Buffer.from((await readText('--nats-nkey', nkey)).trim())),
    );
  }
  return null;
}

/** The library parses credentials only when the server asks for them. */
function checkUsable(expected: string, authenticator: Authenticator): Authenticator {
  try {
    authenticator('nonce');
    return authenticator;
  } catch {
    throw new ProviderError('config', `expected ${expected}; the content is invalid`);
  }
}

async function readTls({ tlsCa, tlsCert, tlsKey }: NatsCredentials): Promise<NodeConnectionOptions['tls']> {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new ProviderError('config', 'expected both --nats-tls-cert and --nats-tls-key, got one of them');
  }
  const tls = {
    ...(tlsCa !== undefined && { ca: await readText('--nats-tls-ca', tlsCa) }),
    ...(tlsCert !== undefined && { cert: await readText('--nats-tls-cert', tlsCert) }),
    ...(tlsKey !== undefined && { key: await readText('--nats-tls-key', tlsKey) }),
  };
  // A secure context accepts any text as a CA.
  if (tls.ca !== undefined) checkPem(`--nats-tls-ca ${tlsCa}`, () => new X509Certificate(tls.ca ?? ''));
  checkPem(`--nats-tls-cert ${tlsCert} and --nats-tls-key ${tlsKey}`, () => createSecureContext(tls));
  return tls;
}

function checkPem(what: string, parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    throw new ProviderError('config', `${what} cannot be used (${messageOf(error)}); expected PEM`);
  }
}

async function readText(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ProviderError('config', `${option} ${path}: cannot read the file (${messageOf(error)})`);
  }
}

/** Whether a connection is up. */
export interface ConnectionMonitor {
  readonly isDown: boolean;
  /** Adds a callback for each disconnect. Returns a function that removes it. */
  onDisconnect(listener: () => void): () => void;
}

/** Monitors a connection until it is closed. */
export function monitorConnection(connection: NatsConnection): ConnectionMonitor {
  const listeners = new Set<() => void>();
  let isDown = false;
  void followStatus();
  return {
    get isDown() {
      return isDown;
    },
    onDisconnect(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  async function followStatus(): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') isDown = false;
      if (type !== 'disconnect') continue;
      isDown = true;
      for (const listener of listeners) listener();
    }
  }
}
