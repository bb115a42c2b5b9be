import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** Normalized host and port. */
export interface Authority {
  /** Lower case, without a trailing dot; an IPv6 address without its brackets. */
  readonly name: string;
  /** Decimal, without leading zeros; otherwise empty. */
  readonly port: string;
}

/**
 * Most recently parsed text: requests nearly always repeat it, and parsing takes 4 µs. The only state of this
 * module.
 */
let last: { readonly text: string; readonly authority: Authority | null } = { text: '', authority: null };

/** Parses the value of a `Host` header (RFC 9110, section 7.2). Null if it cannot be part of a URL. */
export function parseAuthority(text: string): Authority | null {
  if (last.text !== text) last = { text, authority: parse(text) };
  return last.authority;
}

/**
 * Normalizes an origin (RFC 6454, section 4): removes the default port. An origin with another scheme than
 * http or https, such as that of a browser extension, is only converted to lower case. Null for an invalid
 * http origin.
 */
export function normalizeOrigin(origin: string): string | null {
  const [, scheme = '', rest = ''] = /^([a-z][a-z\d+.-]*):\/\/(.*)$/i.exec(origin) ?? [];
  const defaultPort = DEFAULT_PORTS.get(scheme.toLowerCase());
  if (defaultPort === undefined) return origin.toLowerCase();
  const authority = parse(rest);
  if (authority === null) return null;
  const { name, port } = authority;
  return `${scheme.toLowerCase()}://${bracketed(name)}${port === '' || port === defaultPort ? '' : `:${port}`}`;
}

/**
 * Whether a page of this origin was served under this authority. The scheme is ignored, because it differs
 * behind a proxy that terminates TLS. An authority without a port has the default port of the page's scheme.
 *
 * @param forwardedPort port of a trusted proxy; null if unknown
 */
export function isSameAuthority(origin: string, host: Authority, forwardedPort: string | null): boolean {
  const [, scheme = '', rest = ''] = /^(https?):\/\/([^/]+)$/i.exec(origin) ?? [];
  const page = parse(rest);
  if (page === null || page.name !== host.name) return false;
  const defaultPort = DEFAULT_PORTS.get(scheme.toLowerCase());
  const port = page.port === '' ? defaultPort : page.port;
  return port === (host.port === '' ? defaultPort : host.port) || port === forwardedPort;
}

/** Parses a host name or address from an option: in ASCII, without a port. Null if it is neither. */
export function parseName(text: string): string | null {
  if (isIP(text) === 6) return text.toLowerCase();
  const [, name = '', port = ''] = /^(.*?)(:\d*)?$/.exec(text) ?? [];
  return parse(`${name.startsWith('[') ? name : domainToASCII(name)}${port}`)?.name ?? null;
}

/** Converts the host of an http origin from an option to ASCII. */
export function originToAscii(origin: string): string {
  const [, scheme, name = '', port = ''] = /^(https?:\/\/)([^[\]/:@]+)(:\d*)?$/i.exec(origin) ?? [];
  return scheme === undefined ? origin : `${scheme}${domainToASCII(name)}${port}`;
}

const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
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

// The options for hosts and origins reject values that could never match, so that a mistake is reported at
// start-up and not as a 403 at the first visit.

/** Parses and normalizes an allowed host. Throws a RangeError for a value that no `Host` header can match. */
export function parseAllowedHost(text: string): string {
  if (text === '*') return text;
  const name = /[*/@?#]/.test(text) ? null : parseName(text);
  if (name !== null) return name;
  throw new RangeError(
    `expected a name such as board.example.com, without a scheme, a path or a wildcard, got "${text}"`,
  );
}

/**
 * Parses and normalizes an allowed origin. Throws a RangeError for a value that no `Origin` header can match.
 */
export function parseAllowedOrigin(text: string): string {
  if (text === '*') return text;
  const bare = text.replace(/\/$/, '');
  const origin = /^[a-z][a-z\d+.-]*:\/\/[^/?#*]+$/i.test(bare) ? normalizeOrigin(originToAscii(bare)) : null;
  if (origin !== null) return origin;
  throw new RangeError(
    `expected a scheme and a host, without a path or a wildcard, such as https://board.example.com, got "${text}"`,
  );
}
