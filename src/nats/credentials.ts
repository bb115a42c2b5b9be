import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Authenticator, NodeConnectionOptions } from '@nats-io/transport-node';
import { ProviderError } from '../providers/provider.js';
import type { NatsCredentials } from './settings.js';

export type { NatsCredentials };

/** What the files say, for the client library. */
export type UsedCredentials = Pick<NodeConnectionOptions, 'authenticator' | 'tls'>;

/** Reads the files; throws a `ProviderError` of code `config` when one cannot be read or used, without showing what is in it. */
export async function readCredentials(credentials: NatsCredentials): Promise<UsedCredentials> {
  const authenticator = await authenticatorOf(credentials);
  const tls = await tlsOf(credentials);
  return { ...(authenticator && { authenticator }), ...(tls && { tls }) };
}

async function authenticatorOf({ creds, nkey }: NatsCredentials): Promise<Authenticator | null> {
  const { credsAuthenticator, nkeyAuthenticator } = await import('./library.js');
  if (creds !== undefined) {
    const what = `credentials as nsc writes them in ${creds} (--nats-creds)`;
    return tried(what, credsAuthenticator(Buffer.from(await textOf('--nats-creds', creds))));
  }
  if (nkey !== undefined) {
    const what = `the seed of a user's nkey, which begins with SU, in ${nkey} (--nats-nkey)`;
    return tried(what, nkeyAuthenticator(Buffer.from((await textOf('--nats-nkey', nkey)).trim())));
  }
  return null;
}

/** The library looks into them only when the server asks. */
function tried(what: string, authenticator: Authenticator): Authenticator {
  try {
    authenticator('nonce');
    return authenticator;
  } catch {
    throw new ProviderError('config', `expected ${what}, got something else`);
  }
}

async function tlsOf({ tlsCa, tlsCert, tlsKey }: NatsCredentials): Promise<NodeConnectionOptions['tls']> {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new ProviderError(
      'config',
      'expected both --nats-tls-cert and --nats-tls-key, or none, got one of them',
    );
  }
  const tls = {
    ...(tlsCa !== undefined && { ca: await textOf('--nats-tls-ca', tlsCa) }),
    ...(tlsCert !== undefined && { cert: await textOf('--nats-tls-cert', tlsCert) }),
    ...(tlsKey !== undefined && { key: await textOf('--nats-tls-key', tlsKey) }),
  };
  // A context takes anything for a CA.
  if (tls.ca !== undefined) usable(`--nats-tls-ca ${tlsCa}`, () => new X509Certificate(tls.ca ?? ''));
  usable(`--nats-tls-cert ${tlsCert} and --nats-tls-key ${tlsKey}`, () => createSecureContext(tls));
  return tls;
}

function usable(what: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw new ProviderError('config', `${what} cannot be used (${reasonOf(error)}); expected PEM`);
  }
}

async function textOf(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ProviderError('config', `${option} ${path}: it cannot be read (${reasonOf(error)})`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
