import { readFile } from 'node:fs/promises';
import type { Authenticator, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { ProviderError } from '../provider.js';
import type { BucketAddress } from './address.js';

/** Files with which one shows who one is; each is read anew for every connection. */
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

/** The oldest server that is tested: Debian's. Its key-value buckets have no time-to-live of single keys, nor need we it. */
const OLDEST_SERVER = [2, 9] as const;

/** How long a server may take to answer, in milliseconds. */
export const ANSWER_MS = 3_000;

/**
 * Connects; the connection then finds another server of the cluster by itself when it breaks. Throws a `ProviderError`.
 * The client library is loaded here, by those alone who use it.
 *
 * @param name how the connection is shown by the server's own tools
 * @param ignoreOtherServers only those of the address, not others of the cluster that they tell of
 */
export async function connectNats(
  address: BucketAddress,
  credentials: NatsCredentials,
  name: string,
  ignoreOtherServers = false,
): Promise<NatsConnection> {
  const { connect } = await import('@nats-io/transport-node');
  const options = {
    ...(await optionsOf(address, credentials, name)),
    ignoreClusterUpdates: ignoreOtherServers,
  };
  const connection = await connect(options).catch((error) => {
    throw connectError(address, error);
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

/** The servers, for messages. */
export function placeOf({ servers, bucket }: BucketAddress): string {
  return `nats://${servers.join(',')}/${bucket}`;
}

/** What went wrong with a server, as one line: where, what, what to do. */
export function natsError(address: BucketAddress, error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const text = error instanceof Error ? error.message || error.name : String(error);
  if (/authoriz|authenticat|permission/i.test(text)) return refused(address, text);
  if (/jetstream.*not enabled|no responders|503/i.test(text)) {
    return new ProviderError(
      'unreachable',
      `${placeOf(address)}: JetStream does not answer (${text}); is it enabled, and has the cluster a leader?`,
    );
  }
  return new ProviderError('unreachable', `${placeOf(address)}: ${text}`);
}

function connectError(address: BucketAddress, error: unknown): ProviderError {
  const text = error instanceof Error ? error.message || error.name : String(error);
  if (/authoriz|authenticat/i.test(text)) return refused(address, text);
  return new ProviderError(
    'unreachable',
    `${placeOf(address)}: cannot connect (${text}); does a server run there?`,
  );
}

function refused(address: BucketAddress, text: string): ProviderError {
  return new ProviderError(
    'refused',
    `${placeOf(address)}: the server refuses (${text}); look at the user, token or credentials file`,
  );
}

async function optionsOf(
  { servers, isTls, user, password, token }: BucketAddress,
  credentials: NatsCredentials,
  name: string,
): Promise<NodeConnectionOptions> {
  const authenticator = await authenticatorOf(credentials);
  const tls = await tlsOf(credentials);
  return {
    servers: [...servers],
    name,
    timeout: ANSWER_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    // A peer that is gone without a word is noticed within two of these.
    pingInterval: 3_000,
    ...(user !== null && password !== null && { user, pass: password }),
    ...(token !== null && { token }),
    ...(authenticator && { authenticator }),
    ...((isTls || tls) && { tls: tls ?? {} }),
  };
}

async function authenticatorOf({ creds, nkey }: NatsCredentials): Promise<Authenticator | null> {
  const { credsAuthenticator, nkeyAuthenticator } = await import('@nats-io/transport-node');
  if (creds !== undefined) return credsAuthenticator(await fileOf('credentials file', creds));
  if (nkey !== undefined) return nkeyAuthenticator(trimmed(await fileOf('nkey file', nkey)));
  return null;
}

async function tlsOf({ tlsCa, tlsCert, tlsKey }: NatsCredentials): Promise<NodeConnectionOptions['tls']> {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  const read = async (what: string, path: string) => (await fileOf(what, path)).toString();
  return {
    ...(tlsCa !== undefined && { ca: await read('CA file', tlsCa) }),
    ...(tlsCert !== undefined && { cert: await read('certificate', tlsCert) }),
    ...(tlsKey !== undefined && { key: await read('key', tlsKey) }),
  };
}

/** Looks whether the files can be read; throws a `ProviderError` of code `config`. */
export async function checkCredentials(credentials: NatsCredentials): Promise<void> {
  await authenticatorOf(credentials);
  await tlsOf(credentials);
}

async function fileOf(what: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProviderError('config', `cannot read the ${what} for NATS ${path} (${reason})`);
  }
}

function trimmed(bytes: Buffer): Uint8Array {
  return new TextEncoder().encode(bytes.toString().trim());
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
