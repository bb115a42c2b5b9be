import { randomBytes } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { ServingOptions } from '../gateway.js';
import {
  type Documents,
  describeInvalidDocument,
  ManifestError,
  parseManifest,
  readManifest,
} from '../graphql/documents.js';
import { createSchema } from '../graphql/schema.js';
import type { Clock } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { followFiles } from '../lib/file-watcher.js';
import { isLoopback } from '../lib/host.js';
import type { Log } from '../lib/log.js';
import type { KeyPair } from '../server/tls.js';
import { subscriptionResolvers } from '../subscriptions/subscription-resolvers.js';
import { withoutUndefined } from './options/option.js';
import type { ServeFlags } from './options/serve.js';
import { warnOfOpenSecrets } from './secret-files.js';
import { readTextFile, UsageError } from './usage-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the gateway options that come from files. Throws a {@link UsageError} for a missing or invalid file.
 * Logs a warning for a secret that every user of the machine can read.
 */
export async function readGatewayFiles(
  { access, jwt, serving }: Pick<ServeFlags, 'access' | 'jwt' | 'serving'>,
  env: Environment,
  log: Log,
): Promise<Pick<ServingOptions, 'token' | 'documents' | 'tls' | 'jwt'>> {
  const { jwks, ...claims } = jwt;
  const token = await readToken(access, jwks !== undefined, env);
  const documents = await readDocuments(serving, log);
  const tls = await readTls(serving);
  await warnOfOpenSecrets({ '--token-file': access.tokenFile, '--tls-key': serving.tlsKey }, log);
  return {
    ...(token !== null && { token }),
    ...(documents && { documents }),
    ...(tls && { tls }),
    ...(jwks && { jwt: { jwks, ...withoutUndefined(claims) } }),
  };
}

/** Shorter tokens can be guessed. */
const MIN_TOKEN_LENGTH = 16;

/**
 * Reads the token that clients must present from the file or the environment. Without one, generates a token
 * for addresses beyond loopback, unless an identity provider issues tokens; otherwise null. Throws a {@link
 * UsageError} for a weak token.
 */
async function readToken(
  { tokenFile, host }: ServeFlags['access'],
  hasIdentityProvider: boolean,
  env: Environment,
): Promise<string | null> {
  if (tokenFile !== undefined) {
    const where = `--token-file ${tokenFile}`;
    return checkToken((await readTextFile(tokenFile, where)).trim(), where);
  }
  if (env.TILT_GRAPHQL_TOKEN) return checkToken(env.TILT_GRAPHQL_TOKEN.trim(), 'TILT_GRAPHQL_TOKEN');
  return isLoopback(host) || hasIdentityProvider ? null : randomBytes(24).toString('base64url');
}

function checkToken(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= MIN_TOKEN_LENGTH) return token;
  throw new UsageError(
    `${where}: expected at least ${MIN_TOKEN_LENGTH} characters without spaces; create one with: openssl rand -hex 24`,
  );
}

/** Reads the manifest. Only logs an invalid document: it may be for the next version of the gateway. */
async function readDocuments(
  { documentsFile: path, federation }: ServeFlags['serving'],
  log: Log,
): Promise<Documents | null> {
  if (path === undefined) return null;
  const where = `--documents ${path}`;
  const manifest = await readTextFile(path, where);
  try {
    const schema = createSchema(subscriptionResolvers, { federation });
    const invalid = describeInvalidDocument(parseManifest(manifest), schema);
    if (invalid !== null) log('warn', `${where}: ${invalid}`);
    return readManifest(manifest);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new UsageError(`${where}: ${error.message}`);
  }
}

function readTls({ tlsCert, tlsKey }: ServeFlags['serving']) {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert !== undefined && tlsKey !== undefined) return readKeyPair(tlsCert, tlsKey);
  throw new UsageError('TLS needs both --tls-cert PATH and --tls-key PATH');
}

/** Reads a certificate and its key. Throws a {@link UsageError} when TLS rejects them. */
async function readKeyPair(certPath: string, keyPath: string): Promise<KeyPair> {
  const cert = await readTextFile(certPath, `--tls-cert ${certPath}`);
  const key = await readTextFile(keyPath, `--tls-key ${keyPath}`);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new UsageError(
      `--tls-cert ${certPath} and --tls-key ${keyPath}: invalid key pair: ${messageOf(error)}`,
    );
  }
  return { cert, key };
}

/**
 * Interval of checks for a new certificate in milliseconds. Certificates are renewed days before they
 * expire.
 */
const POLL_MS = 5_000;
const SETTLE_MS = 500;

/** Dependencies of {@link followKeyPair}. */
export interface FollowKeyPairOptions {
  readonly certPath: string;
  readonly keyPath: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onRenewed: (pair: KeyPair) => void;
}

/** Reports renewed certificates until the signal aborts. Logs an invalid one and keeps the last valid one. */
export async function followKeyPair(options: FollowKeyPairOptions, signal: AbortSignal): Promise<void> {
  const { certPath, keyPath, clock, log, onRenewed } = options;
  let isFirst = true;
  // A key never changes without its certificate. Renewal replaces the files one after the other; in between
  // they do not match.
  await followFiles(
    {
      paths: [certPath],
      clock,
      pollMs: POLL_MS,
      settleMs: SETTLE_MS,
      read: () => readKeyPair(certPath, keyPath),
      describeError: (error) => (error instanceof UsageError ? error.message : null),
      onContent(pair) {
        if (!isFirst) {
          onRenewed(pair);
          log('info', 'TLS certificate reloaded', { path: certPath });
        }
        isFirst = false;
      },
      onError: (message) => log('warn', `TLS certificate not reloaded, the last valid one stays: ${message}`),
    },
    signal,
  );
}
