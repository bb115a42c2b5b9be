import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long a browser need not ask again whether it may ask, in seconds. */
const PREFLIGHT_SECONDS = 600;

/** The longest list of header names that is granted, in characters: browsers send a few names. */
const MAX_REQUESTED = 2_000;

/** What a client that does not name its headers may send. */
const USUAL_HEADERS = 'accept, authorization, content-type, last-event-id, x-request-id';

/** The headers by which a page of an allowed origin may read an answer (Fetch standard, section 3.3, "CORS protocol"). */
export function corsHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'etag, retry-after, x-request-id',
    vary: 'origin',
  };
}

/**
 * Lets a page read whatever is answered, errors too: without these headers, all it sees of an answer is a network error.
 *
 * @param origin an allowed one
 */
export function allowOrigin(response: ServerResponse, origin: string): void {
  for (const [name, value] of Object.entries(corsHeaders(origin))) response.setHeader(name, value);
}

/** Answers a browser that asks whether a page may send a request. The page sees nothing of this answer. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': requestedHeaders(request) ?? USUAL_HEADERS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
    vary: 'origin, access-control-request-headers',
  });
  response.end();
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
