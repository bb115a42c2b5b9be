import type { Clock } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { ClientError } from './client-error.js';

/** The addresses of one gateway. */
export interface Endpoint {
  /** HTTP address, also used in messages. */
  readonly url: string;
  readonly webSocketUrl: string;
}

/** Address of a gateway that was started without options. */
export const DEFAULT_URL = 'http://127.0.0.1:4000/graphql';

/** Parses the addresses of gateways. Throws a TypeError for an invalid one. */
export function parseEndpoints({
  url,
  urls,
}: {
  readonly url?: string;
  readonly urls?: readonly string[];
}): readonly [Endpoint, ...Endpoint[]] {
  if (url !== undefined && urls !== undefined) throw new TypeError('expected url or urls, got both');
  const [first, ...others] = urls ?? [url ?? DEFAULT_URL];
  if (first === undefined) throw new TypeError('urls: expected at least one address, got none');
  return [parseEndpoint(first), ...others.map(parseEndpoint)];
}

function parseEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new TypeError(`url: expected an address such as ${DEFAULT_URL}, got "${text.slice(0, 200)}"`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('url: expected an address without a user or password; pass a token instead');
  }
  // A gateway never serves GraphQL at `/`.
  if (url.pathname === '/') url.pathname = '/graphql';
  url.hash = '';
  return { url: url.href, webSocketUrl: url.href.replace(/^http/, 'ws') };
}

/** A token, or a function that returns one for each connection and query. */
export type Token = string | (() => string | Promise<string>);

/**
 * Returns the token; null when none is configured. Rejects with a ClientError when it is invalid or its
 * function fails.
 */
export async function resolveToken(token: Token | undefined): Promise<string | null> {
  if (token === undefined) return null;
  const value = typeof token === 'string' ? token : await callTokenFunction(token);
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw new ClientError('UNAUTHENTICATED', 'token: expected printable characters without spaces');
}

async function callTokenFunction(token: () => string | Promise<string>): Promise<string> {
  try {
    return await token();
  } catch (error) {
    throw new ClientError('UNREACHABLE', `token: the token function failed: ${messageOf(error)}`);
  }
}

/** Time limit of the token function for a connection, in milliseconds. */
const TOKEN_TIMEOUT_MS = 10_000;

/** Resolves the token as {@link resolveToken} does, within 10 s. */
export function resolveTokenInTime(token: Token | undefined, clock: Clock): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(TOKEN_TIMEOUT_MS, () => {
      const message = `token: the token function did not return within ${TOKEN_TIMEOUT_MS / 1_000} s`;
      reject(new ClientError('UNREACHABLE', message));
    });
    resolveToken(token).then(resolve, reject).finally(cancel);
  });
}
