import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** A host and its port, in a form that can be compared. */
export interface Authority {
  /** In small letters, without a trailing dot; an IPv6 address without its brackets. */
  readonly name: string;
  /** Decimal, without leading zeros; empty when none was given. */
  readonly port: string;
}

/** The last text that was parsed: nearly always it is the next one's too, and parsing takes 4 µs. */
let last: { readonly text: string; readonly authority: Authority | null } = { text: '', authority: null };

/** Parses what a `Host` header may contain (RFC 9110, section 7.2); null for anything that cannot be part of a URL. */
export function parseAuthority(text: string): Authority | null {
  if (last.text !== text) last = { text, authority: parse(text) };
  return last.authority;
}

/**
 * The normal form of an origin (RFC 6454, section 4): the standard port is left out. An origin of another scheme than http
 * and https, such as a browser extension's, only has its letters made small. Null for an http origin that is none.
 */
export function normaliseOrigin(origin: string): string | null {
  const [, scheme = '', rest = ''] = /^([a-z][a-z\d+.-]*):\/\/(.*)$/i.exec(origin) ?? [];
  const standard = STANDARD_PORTS.get(scheme.toLowerCase());
  if (standard === undefined) return origin.toLowerCase();
  const authority = parse(rest);
  if (authority === null) return null;
  const { name, port } = authority;
  return `${scheme.toLowerCase()}://${bracketed(name)}${port === '' || port === standard ? '' : `:${port}`}`;
}

/**
 * Whether a page of this origin was served under this authority. The scheme is left out: behind a proxy that ends TLS it
 * differs. So an authority without a port may have the standard one of the page's scheme.
 *
 * @param forwardedPort the port that a trusted proxy was asked at; null where it does not say
 */
export function isSameAuthority(origin: string, host: Authority, forwardedPort: string | null): boolean {
  const [, scheme = '', rest = ''] = /^(https?):\/\/([^/]+)$/i.exec(origin) ?? [];
  const page = parse(rest);
  if (page === null || page.name !== host.name) return false;
  const standard = STANDARD_PORTS.get(scheme.toLowerCase());
  const port = page.port === '' ? standard : page.port;
  return port === (host.port === '' ? standard : host.port) || port === forwardedPort;
}

/** A name or an address that the gateway may be called by, from an option: in ASCII, without a port. Null for what is none. */
export function parseName(text: string): string | null {
  if (isIP(text) === 6) return text.toLowerCase();
  const [, name = '', port = ''] = /^(.*?)(:\d*)?$/.exec(text) ?? [];
  return parse(`${name.startsWith('[') ? name : domainToASCII(name)}${port}`)?.name ?? null;
}

/** An http origin from an option, with its name in ASCII. */
export function originToAscii(origin: string): string {
  const [, scheme, name = '', port = ''] = /^(https?:\/\/)([^[\]/:@]+)(:\d*)?$/i.exec(origin) ?? [];
  return scheme === undefined ? origin : `${scheme}${domainToASCII(name)}${port}`;
}

const STANDARD_PORTS: ReadonlyMap<string, string> = new Map([
  ['http', '80'],
  ['https', '443'],
]);

function parse(text: string): Authority | null {
  const [, host, port = ''] = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{0,5}))?$/i.exec(text) ?? [];
  if (host === undefined || !URL.canParse(`http://${text}`)) return null;
  const { hostname } = new URL(`http://${host}`);
  return {
    name: hostname.replace(/^\[|\]$/g, '').replace(/\.$/, ''),
    port: port === '' ? '' : String(Number(port)),
  };
}

function bracketed(name: string): string {
  return name.includes(':') ? `[${name}]` : name;
}

// What the options about hosts and origins accept. What could never match is rejected, so that a typing error shows at the
// start and not as a 403 at the first visit.

/** A name that the gateway may be called by, in its normal form. Throws a RangeError for what no `Host` could equal. */
export function parseAllowedHost(text: string): string {
  if (text === '*') return text;
  const name = /[*/@?#]/.test(text) ? null : parseName(text);
  if (name !== null) return name;
  throw new RangeError(
    `expected a name such as board.example.com, without a scheme, a path or a wildcard, got "${text}"`,
  );
}

/** An origin of pages that may ask, in its normal form. Throws a RangeError for what no `Origin` could equal. */
export function parseAllowedOrigin(text: string): string {
  if (text === '*') return text;
  const bare = text.replace(/\/$/, '');
  const origin = /^[a-z][a-z\d+.-]*:\/\/[^/?#*]+$/i.test(bare) ? normaliseOrigin(originToAscii(bare)) : null;
  if (origin !== null) return origin;
  throw new RangeError(
    `expected a scheme and a host, without a path or a wildcard, such as https://board.example.com, got "${text}"`,
  );
}
