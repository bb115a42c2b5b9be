import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Metrics } from '../../lib/metrics.js';
import { prefersHtml } from '../http/accept.js';
import { REQUEST_ID_HEADER } from '../request.js';
import { type AllowList, isAllowedCrossOrigin, type Rejection } from './allow-list.js';
import { corsHeaders } from './cors.js';

/** Whether a browser requests a page: GraphQL clients accept JSON or an event stream. */
export function isPageVisit(request: IncomingMessage): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && wantsPage(request);
}

/** Whether the client accepts HTML, rather than an answer of GraphQL. */
export function wantsPage({ headers }: IncomingMessage): boolean {
  return prefersHtml(headers.accept ?? '');
}

/** Answers a request with its rejection: one line of text for a page visit, otherwise a GraphQL error. */
export function reject(request: IncomingMessage, response: ServerResponse, rejection: Rejection): void {
  const isPage = isPageVisit(request);
  const body = isPage ? `${rejection.message}\n` : rejectionBody(rejection);
  response.writeHead(rejection.status, {
    'content-type': isPage ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    [REQUEST_ID_HEADER]: String(request.headers[REQUEST_ID_HEADER] ?? ''),
    ...rejectionHeaders(rejection),
  });
  response.end(body);
}

/** Answers a WebSocket handshake with its rejection and closes the socket, which is no longer read. */
export function rejectUpgrade(socket: Duplex, rejection: Rejection): void {
  const body = rejectionBody(rejection);
  const headers = {
    connection: 'close',
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...rejectionHeaders(rejection),
  };
  socket.end(formatHead(rejection.status, headers) + body, () => socket.destroy());
}

/** Formats the status line and headers of an answer that is written directly to a connection. */
export function formatHead(status: number, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`;
}

function rejectionHeaders({ status, code }: Rejection): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer realm="tilt-graphql"' };
  if (code === 'TOO_MANY_CONNECTIONS') return { 'retry-after': '5', connection: 'close' };
  // The rest of the body is not read.
  if (code === 'BODY_IN_TINY_CHUNKS') return { connection: 'close' };
  return {};
}

function rejectionBody({ message, code }: Rejection): string {
  return `${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n`;
}

/** Context of a malformed request. */
export interface RejectMalformedOptions {
  /**
   * Whether the client would take an answer for a part of the previous one, which is still being sent or was
   * the last.
   */
  readonly isSilent: boolean;
  /** Allowed origin of the page that sent it; null if unknown. */
  readonly origin: string | null;
  readonly metrics: Metrics;
}

/** Answers a request that cannot be parsed or came too late, and closes its connection. */
export function rejectMalformed(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  { isSilent, origin, metrics }: RejectMalformedOptions,
): void {
  if (socket.writableEnded) return;
  // Before the TLS handshake nothing can be written, and an attempt would keep the connection open.
  if (error.code === 'ECONNRESET' || !socket.writable || isTlsError(error)) {
    socket.destroy();
    return;
  }
  const [status, code] = MALFORMED.get(error.code ?? '') ?? [400, 'BAD_REQUEST'];
  metrics.rejected(code);
  const headers = { connection: 'close', 'content-length': 0, ...(origin !== null && corsHeaders(origin)) };
  socket.end(isSilent ? '' : formatHead(status, headers), () => socket.destroy());
}

/**
 * Origin of the page that sent a request that could not be parsed, for example because of too many headers;
 * null if it is not allowed. Only browsers evaluate it, and no page can forge it in a browser.
 */
export function findOrigin(error: NodeJS.ErrnoException, allowed: AllowList): string | null {
  if (!('rawPacket' in error) || !Buffer.isBuffer(error.rawPacket)) return null;
  const found = [...error.rawPacket.toString('latin1').matchAll(/^origin:[ \t]*([!-~]+)[ \t]*\r?$/gim)];
  const origin = found.at(-1)?.[1];
  return isAllowedCrossOrigin(origin, allowed) ? origin : null;
}

function isTlsError({ code = '' }: NodeJS.ErrnoException): boolean {
  return code === 'EPROTO' || code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_');
}

const MALFORMED: ReadonlyMap<string, readonly [status: number, code: string]> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'HEADERS_TOO_LARGE']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'BODY_TOO_LARGE']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'REQUEST_TOO_SLOW']],
]);
