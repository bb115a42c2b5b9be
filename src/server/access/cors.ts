import type { IncomingMessage, ServerResponse } from 'node:http';

/** Time for which a browser may cache the answer to a preflight, in seconds. */
const PREFLIGHT_SECONDS = 600;

/** Longest list of header names that is granted, in characters: browsers send a few names. */
const MAX_REQUESTED = 2_000;

/** Headers that are granted to a preflight without a list. */
const USUAL_HEADERS = 'accept, authorization, content-type, last-event-id, x-request-id';

/**
 * Headers that let a page of an allowed origin read an answer (Fetch standard, section 3.3, "CORS protocol").
 */
export function corsHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'etag, retry-after, x-request-id',
    vary: 'origin',
  };
}

/**
 * Lets a page read the answer, also if it is an error. Without these headers the page sees only a network
 * error.
 *
 * @param origin an origin that is allowed
 */
export function allowOrigin(response: ServerResponse, origin: string): void {
  for (const [name, value] of Object.entries(corsHeaders(origin))) response.setHeader(name, value);
}

/** Answers a CORS preflight. The page cannot see this answer. */
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
 * Headers that a preflight requests. All are granted, because the token alone decides what a page may do. `*`
 * would not include `authorization` (Fetch standard, section 4.9).
 */
function requestedHeaders({ headers }: IncomingMessage): string | null {
  const requested = headers['access-control-request-headers'];
  if (typeof requested !== 'string' || requested.length > MAX_REQUESTED) return null;
  const names = requested.split(',').map((name) => name.trim());
  return names.every((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name)) ? names.join(', ') : null;
}
