import { messageOf } from '../lib/errors.js';
import { ClientError } from './client-error.js';

/** Where one gateway is. */
export interface Endpoint {
  /** Its address over HTTP: what is shown. */
  readonly url: string;
  readonly webSocketUrl: string;
}

/** Where a gateway is that was started without options. */
const DEFAULT_URL = 'http://127.0.0.1:4000/graphql';

/** Which gateways are meant. Throws a TypeError for an address that is none. */
export function endpointsOf({
  url,
  urls,
}: {
  readonly url?: string;
  readonly urls?: readonly string[];
}): readonly [Endpoint, ...Endpoint[]] {
  if (url !== undefined && urls !== undefined) throw new TypeError('expected url or urls, got both');
  const [first, ...others] = urls ?? [url ?? DEFAULT_URL];
  if (first === undefined) throw new TypeError('urls: expected at least one address, got none');
  return [endpointOf(first), ...others.map(endpointOf)];
}

function endpointOf(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new TypeError(`url: expected an address such as ${DEFAULT_URL}, got "${text.slice(0, 200)}"`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('url: expected an address without a user or password; give a token instead');
  }
  // No gateway answers there: its address was meant, without the path.
  if (url.pathname === '/') url.pathname = '/graphql';
  url.hash = '';
  return { url: url.href, webSocketUrl: url.href.replace(/^http/, 'ws') };
}

/** Token, or what gives one anew for each connection. */
export type Token = string | (() => string | Promise<string>);

/** The token for a connection; null where none was given. Rejects with a ClientError when it cannot be had, or is none. */
export async function tokenFrom(token: Token | undefined): Promise<string | null> {
  if (token === undefined) return null;
  const given = typeof token === 'string' ? token : await ask(token);
  if (/^[\x21-\x7e]+$/.test(given)) return given;
  throw new ClientError('UNAUTHENTICATED', 'token: expected printable characters without spaces');
}

async function ask(token: () => string | Promise<string>): Promise<string> {
  try {
    return await token();
  } catch (error) {
    throw new ClientError('UNREACHABLE', `token: it could not be had: ${messageOf(error)}`);
  }
}
