import type { IncomingHttpHeaders } from 'node:http';
import type { TokenSeal } from './token-seal.js';

/** Number of tokens of one request that are checked: each can require the verification of a signature. */
const MAX_TOKENS = 4;

/**
 * Reads the tokens of a request, in the order in which they are checked: `Authorization: Bearer …` (RFC 6750,
 * section 2.1), then the gateway's cookies. Other authentication schemes, such as a proxy's `Basic`, are
 * ignored. A browser sends several cookies of one name if they were set for several paths (RFC 6265, section
 * 5.4).
 *
 * @param open decrypts the cookie that a sign-in has set; null for a token, which programs send as it is
 */
export function readTokens(
  headers: IncomingHttpHeaders,
  cookieName: string,
  open: TokenSeal['open'],
): readonly string[] {
  const bearer = parseBearer(headers.authorization ?? '');
  if (headers.cookie === undefined) return bearer === null ? NO_TOKENS : [bearer];
  const values = [...new Set(parseCookies(headers.cookie, cookieName))].slice(0, MAX_TOKENS);
  const tokens = values.map((value) => open(value, cookieName) ?? value);
  return [...new Set([...(bearer === null ? [] : [bearer]), ...tokens])].slice(0, MAX_TOKENS);
}

/** The empty list of tokens. */
export const NO_TOKENS: readonly string[] = [];

/**
 * Reads the tokens in the payload of `connection_init`, in the order in which they are checked: `token`, then
 * `authorization` or `Authorization` with a bearer token. Empty texts and other schemes are ignored.
 */
export function readInitTokens(payload: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const { token, authorization, Authorization } = payload ?? {};
  const bearers = [authorization, Authorization].map((header) =>
    typeof header === 'string' ? parseBearer(header) : null,
  );
  return [token, ...bearers].filter((value): value is string => typeof value === 'string' && value !== '');
}

/**
 * Creates the cookie that a sign-in sets. Scripts cannot read it. Requests of other sites do not carry it,
 * except when a link is followed (`Lax`: with `Strict`, a visitor who follows a link in a chat would have to
 * sign in again).
 *
 * It has no `Path`, so the browser uses the folder of the visible address (RFC 6265, section 5.1.4). This
 * also works behind a proxy that strips a prefix. Servers at other ports of the host receive the cookie too,
 * so it contains the token encrypted.
 *
 * @param port part of the cookie's name, because browsers send cookies to all ports of a host
 */
export function createCookie(
  token: string,
  port: number,
  isSecure: boolean,
  seal: TokenSeal['seal'],
): string {
  const name = cookieName(port);
  return `${name}=${seal(token, name)}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
}

/** Longest cookie, in characters, that all browsers store (RFC 6265, section 6.1). */
export const MAX_COOKIE = 4_096;

/** Name of the cookie of a gateway that listens on this port. */
export function cookieName(port: number): string {
  return `tilt-graphql-${port}`;
}

/** Token in an `Authorization` header; null for another scheme, and for a missing or malformed token. */
function parseBearer(header: string): string | null {
  const [, token = null] = /^bearer +(\S+)\s*$/i.exec(header) ?? [];
  return token;
}

/**
 * Decoded values of all cookies of this name; empty ones are ignored. (The package `cookie` returns only the
 * first cookie of a name, and keeps quotes.)
 */
function parseCookies(header: string, name: string): string[] {
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => decoded(unquoted(pair.slice(name.length + 1))))
    .filter((value) => value !== '');
}

/** Removes the quotes that a value may have (RFC 6265, section 4.1.1). Browsers send them back unchanged. */
function unquoted(value: string): string {
  return value.replace(/^"(.*)"$/, '$1');
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
