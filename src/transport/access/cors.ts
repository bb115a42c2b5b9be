import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long a browser need not ask again whether it may ask, in seconds. */
const PREFLIGHT_SECONDS = 600;

/** The longest list of header names that is granted, in characters: browsers send a few names. */
const MAX_REQUESTED = 2_000;

/** What a client that does not name its headers may send. */
const USUAL_HEADERS = 'accept, authorization, content-type, last-event-id, x-request-id';

/**
 * Lets a page of an allowed origin read the answer (Fetch standard, section 3.3, "CORS protocol"). A preflight is answered:
 * then it returns false.
 */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('access-control-allow-origin', String(request.headers.origin));
  response.setHeader('access-control-expose-headers', 'etag, retry-after, x-request-id');
  response.setHeader('vary', 'origin');
  if (request.method !== 'OPTIONS') return true;
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': requestedHeaders(request) ?? USUAL_HEADERS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
    vary: 'origin, access-control-request-headers',
  });
  response.end();
  return false;
}

/**
 * The headers that a preflight asks for. All of them are granted: whatever its headers, a page can only do what its token
 * allows. With `*` instead, `authorization` would not be included (Fetch standard, section 4.9).
 */
function requestedHeaders({ headers }: IncomingMessage): string | null {
  const requested = headers['access-control-request-headers'];
  if (typeof requested !== 'string' || requested.length > MAX_REQUESTED) return null;
  const names = requested.split(',').map((name) => name.trim());
  return names.every((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name)) ? names.join(', ') : null;
}
