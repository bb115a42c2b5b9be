import type { IncomingHttpHeaders } from 'node:http';

/** A token from `Authorization: Bearer …` (RFC 6750), else from the cookie; null where there is none. */
export function tokenOf(headers: IncomingHttpHeaders, cookieName: string): string | null {
  if (headers.authorization !== undefined) return bearerOf(headers.authorization);
  return cookieOf(headers.cookie ?? '', cookieName);
}

/** A token from the payload of `connection_init`: `token`, or `authorization: "Bearer …"`; null where there is none. */
export function tokenOfInit(payload: Readonly<Record<string, unknown>> | undefined): string | null {
  const { token, authorization, Authorization } = payload ?? {};
  if (typeof token === 'string') return token;
  const header = authorization ?? Authorization;
  return typeof header === 'string' ? bearerOf(header) : null;
}

/**
 * The cookie that a link with a token sets. Scripts cannot read it, and other sites' requests do not carry it, unless
 * their visitor follows a link here (`Lax`: with `Strict` the page would not know a visitor who comes by a link in a chat).
 *
 * @param port cookies do not tell ports apart, so its name does
 */
export function cookieFor(token: string, port: number, path: string, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  return `${cookieNameOf(port)}=${encodeURIComponent(token)}; Path=${path}; HttpOnly; SameSite=Lax${secure}`;
}

/** The cookie's name at a gateway that listens on this port. */
export function cookieNameOf(port: number): string {
  return `tilt-graphql-${port}`;
}

/** Something that is not "Bearer" is a token that is not valid. */
function bearerOf(header: string): string {
  const [, token = ''] = /^bearer +(\S+)\s*$/i.exec(header) ?? [];
  return token;
}

function cookieOf(header: string, name: string): string | null {
  for (const part of header.split(';')) {
    const [key = '', value = ''] = part.trim().split('=', 2);
    if (key === name) return decoded(value);
  }
  return null;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
