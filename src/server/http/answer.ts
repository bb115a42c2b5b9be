import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ContentCoding } from './content-coding.js';

/** Answer with status 200, which can be sent any number of times. */
export interface Answer {
  readonly body: Buffer;
  /** The body as a string of ISO 8859-1, which is sent together with the head. Null if it is long. */
  readonly latin1: string | null;
  readonly etag: string;
  readonly contentType: string;
  /** Headers of a response with the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** The same as a list of alternating names and values. */
  readonly lines: readonly string[];
  /** Headers of a response without the body (304). */
  readonly validators: Readonly<Record<string, string>>;
}

/**
 * Maximum length of a body that is sent as a string together with its head, in bytes: this saves 6 % of the
 * cost of a small answer.
 */
const MAX_LATIN1 = 4_096;

/** Request headers that an answer depends on. */
export const VARY = 'accept, accept-encoding, authorization, cookie, origin';

/** Headers of every answer: it is cached by the client alone, and revalidated before each use. */
export const CACHE_HEADERS = { 'cache-control': 'private, no-cache', vary: VARY };

/**
 * Request headers that a file or the metrics page depends on. CORS headers depend on the origin, also those
 * that a response does not have.
 */
export const PUBLIC_VARY = 'accept-encoding, origin';

/**
 * Creates an answer. Its ETag is strong, and differs by media type.
 *
 * @param content the JSON as a text, or as bytes in parts
 */
export function createAnswer(content: string | readonly Buffer[], contentType: string): Answer {
  const body = ownBytes(content);
  const hash = createHash('sha256').update(contentType).update(body).digest('base64url').slice(0, 22);
  const isAscii = content.length === body.length && body.length <= MAX_LATIN1;
  const latin1 = isAscii && typeof content === 'string' ? content : null;
  return toAnswer({ body, latin1, etag: `"${hash}"`, contentType, coding: null });
}

/**
 * Creates the compressed form of an answer. Its bytes differ, so a strong ETag has to differ too (RFC 9110,
 * section 8.8.3.3).
 */
export function encodeAnswer({ etag, contentType }: Answer, body: Buffer, coding: ContentCoding): Answer {
  const latin1 = body.length <= MAX_LATIN1 ? body.toString('latin1') : null;
  return toAnswer({
    body: ownBytes([body]),
    latin1,
    etag: `${etag.slice(0, -1)}-${coding}"`,
    contentType,
    coding,
  });
}

/** Body of an answer, and the contents of its headers. */
interface Parts extends Pick<Answer, 'body' | 'latin1' | 'etag' | 'contentType'> {
  readonly coding: ContentCoding | null;
}

function toAnswer({ body, latin1, etag, contentType, coding }: Parts): Answer {
  const validators = { etag, ...CACHE_HEADERS };
  const headers = {
    'content-type': contentType,
    ...(coding && { 'content-encoding': coding }),
    'content-length': String(body.length),
    ...validators,
  };
  return { body, latin1, etag, contentType, headers, lines: Object.entries(headers).flat(), validators };
}

/**
 * Sends an answer, or 304 if the client has it.
 *
 * @param header name and value of another header, or an empty list: `setHeader` would cost 4 µs per request
 */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  header: readonly string[],
): void {
  if (isKnown(answer, request.method, request.headers['if-none-match'])) {
    response.writeHead(304, [...header, ...Object.entries(answer.validators).flat()]).end();
  } else {
    response.writeHead(200, header.concat(answer.lines));
    if (answer.latin1 === null) response.end(answer.body);
    else response.end(answer.latin1, 'latin1');
  }
}

/**
 * Whether the client has the answer according to `If-None-Match`, which applies to GET and HEAD only (RFC
 * 9110, section 13.1.2).
 */
export function isKnown(
  { etag }: Answer,
  method: string | undefined,
  ifNoneMatch: string | null | undefined,
): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || ifNoneMatch == null) return false;
  // Weak comparison: a proxy that compresses turns "x" into W/"x".
  const known: readonly string[] = ifNoneMatch.match(/"[^"]*"/g) ?? [];
  return ifNoneMatch.trim() === '*' || known.includes(etag);
}

/**
 * Copies the content to a block of its own: a short `Buffer.from` is a slice of 8 kB, all of which would be
 * kept in memory.
 */
function ownBytes(content: string | readonly Buffer[]): Buffer {
  if (typeof content === 'string') {
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(content));
    bytes.write(content);
    return bytes;
  }
  const bytes = Buffer.allocUnsafeSlow(content.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of content) offset += part.copy(bytes, offset);
  return bytes;
}
