import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isSameAuthority, normaliseOrigin, parseAuthority } from './authority.js';
import type { Peer } from './peer.js';

/** Why a request is refused, as its client is told. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 429 | 503;
  /** From a fixed set, for machines: `extensions.code` of the answer. */
  readonly code: RefusalCode;
  /** One line: what was expected, what came, what to do. */
  readonly message: string;
}

/** The codes of refusals. */
export type RefusalCode =
  | 'BAD_REQUEST'
  | 'HOST_NOT_ALLOWED'
  | 'ORIGIN_NOT_ALLOWED'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'TOO_MANY_CONNECTIONS';

/** Who may speak with the gateway through a browser. */
export interface GuardOptions {
  /** Names by which it may be called beside those of this machine, in their normal form; `*` for any. */
  readonly hosts: readonly string[];
  /** Origins of pages that may ask, in their normal form, such as `https://board.example.com`; `*` for any. */
  readonly origins: readonly string[];
}

/**
 * Why a request is refused before anything else is looked at; null when it is not.
 *
 * A page that its visitor opens can send requests to the visitor's own machine. Two things tell them: the name they
 * were sent to, when the page made its own name point here (DNS rebinding), and the page's origin (cross-site
 * requests, which a WebSocket's handshake always allows).
 */
export function refusalOf(
  headers: IncomingHttpHeaders,
  { host, port }: Pick<Peer, 'host' | 'port'>,
  { hosts, origins }: GuardOptions,
): Refusal | null {
  const authority = host === null ? null : parseAuthority(host);
  const name = authority?.name ?? '';
  if (!isOurName(name) && !hosts.includes(name) && !hosts.includes('*')) return wrongHost(name);
  const { origin } = headers;
  if (origin !== undefined) {
    const isOwn = authority !== null && isSameAuthority(origin, authority, port);
    return isOwn || isAllowed(origin, origins) ? null : wrongOrigin(origin);
  }
  // Browsers say so even where they send no Origin: pictures, scripts, forms by GET. A link that is followed is fine.
  const site = headers['sec-fetch-site'];
  const isForeign = site === 'cross-site' || site === 'same-site';
  return isForeign && headers['sec-fetch-mode'] !== 'navigate' ? wrongOrigin(`a ${site} page`) : null;
}

/** Whether a page of this origin, other than the gateway's own, may read answers. */
export function isForeignButAllowed(origin: string | undefined, { origins }: GuardOptions): origin is string {
  return origin !== undefined && isAllowed(origin, origins);
}

function isAllowed(origin: string, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  const normal = normaliseOrigin(origin);
  return origins.includes('*') || (normal !== null && origins.includes(normal));
}

/** Nobody can make these point elsewhere: `localhost` and below (RFC 6761, section 6.3), and plain addresses. */
function isOurName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0;
}

function wrongHost(name: string): Refusal {
  return {
    status: 403,
    code: 'HOST_NOT_ALLOWED',
    message:
      name === ''
        ? 'Expected a Host header with a name or an address.'
        : `The host "${shown(name)}" is not one of this gateway's. If it should be, start it with --allow-host ${shown(name)}.`,
  };
}

function wrongOrigin(origin: string): Refusal {
  return {
    status: 403,
    code: 'ORIGIN_NOT_ALLOWED',
    message: `Pages of "${shown(origin)}" may not ask this gateway. If they should, start it with --allow-origin ORIGIN.`,
  };
}

/** What a client wrote, short and without anything strange. */
function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);
}
