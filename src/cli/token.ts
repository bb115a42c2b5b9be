import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isLoopback } from '../transport/access/peer.js';
import { UsageError } from './usage-error.js';

/** Fewer characters could be guessed. */
const SHORTEST = 16;

/** What decides whether a token is asked for. */
export interface TokenFlags {
  readonly host: string;
  readonly tokenFile?: string;
  readonly jwks?: URL;
}

/**
 * The token that clients have to send: from the file or the environment; made here where one is needed and nothing else
 * lets clients in; else null, none is asked for. Throws a UsageError for one that could be guessed.
 */
export async function tokenFor(
  { tokenFile, jwks, host }: TokenFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  if (tokenFile !== undefined) return checked(await readToken(tokenFile), `--token-file ${tokenFile}`);
  if (env.TILT_GRAPHQL_TOKEN) return checked(env.TILT_GRAPHQL_TOKEN.trim(), 'TILT_GRAPHQL_TOKEN');
  return isLoopback(host) || jwks !== undefined ? null : randomBytes(24).toString('base64url');
}

function checked(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= SHORTEST) return token;
  throw new UsageError(
    `${where}: expected at least ${SHORTEST} characters without spaces; make one with: openssl rand -base64 24`,
  );
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new UsageError(`--token-file ${path}: it cannot be read (${code})`);
  }
}
