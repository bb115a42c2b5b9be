import type { IncomingHttpHeaders } from 'node:http';

/** How many tokens of one request are tried: each may cost the verification of a signature. */
const MAX_TOKENS = 4;

/**
 * Tokens of a request, in the order in which they are tried: `Authorization: Bearer …` (RFC 6750, section 2.1), then the
 * gateway's cookies. Other authentication schemes, such as a proxy's `Basic`, are not meant for the gateway and are ignored.
 * A browser sends several cookies of one name when they were set for several paths (RFC 6265, section 5.4).
 */
export function tokensOf(headers: IncomingHttpHeaders, cookieName: string): readonly string[] {
  const bearer = bearerOf(headers.authorization ?? '');
  if (headers.cookie === undefined) return bearer === null ? NO_TOKENS : [bearer];
  const all = [...(bearer === null ? [] : [bearer]), ...cookiesOf(headers.cookie, cookieName)];
  return [...new Set(all)].slice(0, MAX_TOKENS);
}

/** The empty list of tokens. */
export const NO_TOKENS: readonly string[] = [];

/**
 * Tokens from the payload of `connection_init`, in the order in which they are tried: `token`, then `authorization` or
 * `Authorization` with a bearer token. Empty texts and other schemes are left out.
 */
export function tokensOfInit(payload: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const { token, authorization, Authorization } = payload ?? {};
  const ofHeaders = [authorization, Authorization].map((header) =>
    typeof header === 'string' ? bearerOf(header) : null,
  );
  return [token, ...ofHeaders].filter((value): value is string => typeof value === 'string' && value !== '');
}

/**
 * The cookie that a sign-in sets. Scripts cannot read it, and other sites' requests do not carry it, unless their visitor
 * follows a link here (`Lax`: with `Strict` the page would not know a visitor who comes by a link in a chat).
 *
 * It has no `Path`: the browser takes the folder of the address that it knows (RFC 6265, section 5.1.4). That is right
 * also behind a proxy that strips a prefix, and other applications of the host never receive the token.
 *
 * @param port cookies do not tell ports apart, so its name does
 */
export function cookieFor(token: string, port: number, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  return `${cookieNameOf(port)}=${encodeURIComponent(token)}; HttpOnly; SameSite=Lax${secure}`;
}

/** The cookie's name at a gateway that listens on this port. */
export function cookieNameOf(port: number): string {
  return `tilt-graphql-${port}`;
}

/** The token of an `Authorization` header; null for another scheme, and where the token is missing or malformed. */
function bearerOf(header: string): string | null {
  const [, token = null] = /^bearer +(\S+)\s*$/i.exec(header) ?? [];
  return token;
}

/**
 * The values of all cookies of this name, as they were before {@link cookieFor}. Empty ones are left out. (The package
 * `cookie` keeps the first of a name, and quotes.)
 */
function cookiesOf(header: string, name: string): string[] {
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => decoded(unquoted(pair.slice(name.length + 1))))
    .filter((value) => value !== '');
}

/** RFC 6265, section 4.1.1: a value may stand in quotes, which browsers keep as they are. */
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
