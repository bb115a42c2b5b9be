import type { IncomingMessage } from 'node:http';

/** The path of a request's target, whatever form the target has. */
export function pathOf(request: Pick<IncomingMessage, 'url'>): string {
  const target = originFormOf(request.url ?? '/');
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/** The query of a request's target, with its question mark; empty where there is none. */
export function queryOf({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  const query = url.indexOf('?');
  return query < 0 ? '' : url.slice(query);
}

/**
 * Rewrites a target in absolute form (`GET http://host/path`), which a server has to accept (RFC 9112, section 3.2.2): its
 * host counts, and not that of the `Host` header.
 */
export function toOriginForm(request: IncomingMessage): void {
  const [, authority] = ABSOLUTE.exec(request.url ?? '/') ?? [];
  if (authority === undefined) return;
  request.url = originFormOf(request.url ?? '/');
  request.headers.host = authority;
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)/i;

function originFormOf(target: string): string {
  if (target.startsWith('/')) return target;
  const [, , rest] = ABSOLUTE.exec(target) ?? [];
  if (rest === undefined) return target;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
