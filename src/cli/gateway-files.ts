import { randomBytes } from 'node:crypto';
import type { ServingOptions } from '../gateway.js';
import { type Documents, ManifestError, readManifest } from '../graphql/documents.js';
import { isLoopback } from '../server/access/peer.js';
import { withoutUndefined } from './options.js';
import type { ServeFlags } from './serve-options.js';
import { readKeyPair } from './tls-files.js';
import { readTextFile, UsageError } from './usage-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Options of the gateway that come from files. Throws a UsageError when a file is missing or cannot be used. */
export async function readGatewayFiles(
  { access, jwt, serving }: Pick<ServeFlags, 'access' | 'jwt' | 'serving'>,
  env: Environment,
): Promise<Pick<ServingOptions, 'token' | 'documents' | 'tls' | 'jwt'>> {
  const { jwks, ...claims } = jwt;
  const token = await tokenFor(access, jwks !== undefined, env);
  const documents = serving.documentsFile === undefined ? null : await documentsIn(serving.documentsFile);
  const tls = await tlsOf(serving);
  return {
    ...(token !== null && { token }),
    ...(documents && { documents }),
    ...(tls && { tls }),
    ...(jwks && { jwt: { jwks, ...withoutUndefined(claims) } }),
  };
}

/** Shorter tokens could be guessed. */
const MIN_TOKEN_LENGTH = 16;

/**
 * Token that clients have to send: from the file or the environment; a new one beyond this machine, unless an identity
 * provider lets clients in; else null. Throws a UsageError for one that could be guessed.
 */
async function tokenFor(
  { tokenFile, host }: ServeFlags['access'],
  hasIdentityProvider: boolean,
  env: Environment,
): Promise<string | null> {
  if (tokenFile !== undefined) {
    const where = `--token-file ${tokenFile}`;
    return checked((await readTextFile(tokenFile, where)).trim(), where);
  }
  if (env.TILT_GRAPHQL_TOKEN) return checked(env.TILT_GRAPHQL_TOKEN.trim(), 'TILT_GRAPHQL_TOKEN');
  return isLoopback(host) || hasIdentityProvider ? null : randomBytes(24).toString('base64url');
}

function checked(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= MIN_TOKEN_LENGTH) return token;
  throw new UsageError(
    `${where}: expected at least ${MIN_TOKEN_LENGTH} characters without spaces; make one with: openssl rand -base64 24`,
  );
}

function tlsOf({ tlsCert, tlsKey }: ServeFlags['serving']) {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert !== undefined && tlsKey !== undefined) return readKeyPair(tlsCert, tlsKey);
  throw new UsageError('TLS needs both: --tls-cert PATH and --tls-key PATH');
}

async function documentsIn(path: string): Promise<Documents> {
  const where = `--documents ${path}`;
  const manifest = await readTextFile(path, where);
  try {
    return readManifest(manifest);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new UsageError(`${where}: ${error.message}`);
  }
}
