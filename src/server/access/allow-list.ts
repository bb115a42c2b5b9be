import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isSameAuthority, normalizeOrigin, parseAuthority } from './authority.js';
import type { Peer } from './peer.js';

/** Error answer to a request that is not handled. */
export interface Rejection {
  readonly status: 400 | 401 | 403 | 404 | 429 | 503;
  /** For programs: `extensions.code` of the answer. */
  readonly code: RejectionCode;
  /** One line: what was expected, what was found, what to do. */
  readonly message: string;
}

/** Codes of rejections. */
export type RejectionCode =
  | 'BAD_REQUEST'
  | 'BODY_IN_TINY_CHUNKS'
  | 'HOST_NOT_ALLOWED'
  | 'ORIGIN_NOT_ALLOWED'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'GATEWAY_CLOSED'
  | 'TOO_MANY_CONNECTIONS';

/** Hosts and origins that browsers may use. */
export interface AllowList {
  /** Hosts in addition to `localhost` and IP addresses, normalized; `*` for any. */
  readonly hosts: readonly string[];
  /**
   * Origins of pages that may send requests, normalized, such as `https://board.example.com`; `*` for any.
   */
  readonly origins: readonly string[];
}

/**
 * Checks the host and the origin of a request. Returns null if both are allowed.
 *
 * Any page can send requests to its visitor's own machine. The host reveals a page that points its own name
 * at the gateway (DNS rebinding). The origin reveals cross-site requests, which browsers always allow for
 * WebSocket handshakes.
 */
export function findRejection(
  headers: IncomingHttpHeaders,
  { host, port }: Pick<Peer, 'host' | 'port'>,
  { hosts, origins }: AllowList,
): Rejection | null {
  const authority = host === null ? null : parseAuthority(host);
  const name = authority?.name ?? '';
  if (!isLocalName(name) && !hosts.includes(name) && !hosts.includes('*')) return hostNotAllowed(name);
  const { origin } = headers;
  if (origin !== undefined) {
    const isOwn = authority !== null && isSameAuthority(origin, authority, port);
    return isOwn || isAllowed(origin, origins) ? null : originNotAllowed(origin);
  }
  // Browsers send this header also where they send no Origin: images, scripts, GET forms. Following a link is
  // allowed.
  const site = headers['sec-fetch-site'];
  const isForeign = site === 'cross-site' || site === 'same-site';
  return isForeign && headers['sec-fetch-mode'] !== 'navigate' ? originNotAllowed(`a ${site} page`) : null;
}

/** Whether a page of an origin in the allow-list may read answers. */
export function isAllowedCrossOrigin(origin: string | undefined, { origins }: AllowList): origin is string {
  return origin !== undefined && isAllowed(origin, origins);
}

function isAllowed(origin: string, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  const normal = normalizeOrigin(origin);
  return origins.includes('*') || (normal !== null && origins.includes(normal));
}

/** No page can redefine these: `localhost` and its subdomains (RFC 6761, section 6.3), and IP addresses. */
function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0;
}

function hostNotAllowed(name: string): Rejection {
  return {
    status: 403,
    code: 'HOST_NOT_ALLOWED',
    message:
      name === ''
        ? 'Expected a Host header with a name or an address.'
        : `Host "${shown(name)}" is not allowed. To allow it, start the gateway with --allow-host ${shown(name)}.`,
  };
}

function originNotAllowed(origin: string): Rejection {
  return {
    status: 403,
    code: 'ORIGIN_NOT_ALLOWED',
    message: `Origin "${shown(origin)}" is not allowed. To allow it, start the gateway with --allow-origin ORIGIN.`,
  };
}

/** Text of a client, shortened, printable ASCII only. */
function shown(text: string): string {
  return text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?');
}
