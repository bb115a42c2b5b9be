import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Metrics } from '../../metrics.js';
import { REQUEST_ID_HEADER } from '../request-id.js';
import type { Refusal } from './guard.js';

/** Whether a request is a browser's that goes to a page: GraphQL clients ask for JSON or an event stream. */
export function isPageVisit(request: IncomingMessage): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && wantsPage(request);
}

/** Whether a page is to be shown to somebody. */
export function wantsPage({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/html') === true;
}

/** Answers a request with why it is refused: to people as a line, to programs as a GraphQL error. */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const isPage = isPageVisit(request);
  const body = isPage ? `${refusal.message}\n` : bodyOf(refusal);
  response.writeHead(refusal.status, {
    'content-type': isPage ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    [REQUEST_ID_HEADER]: String(request.headers[REQUEST_ID_HEADER] ?? ''),
    ...headersOf(refusal),
  });
  response.end(body);
}

/** The same to one that asked to be upgraded. Nobody reads its socket any more, so nobody would see the client leave. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = bodyOf(refusal);
  const headers = {
    connection: 'close',
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...headersOf(refusal),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join('')}`;
  socket.end(`${head}\r\n${body}`, () => socket.destroy());
}

/**
 * Answers what is no request, or comes too late, and ends its connection.
 *
 * @param isSilent whether an answer would be taken for a part of the one before it: that is still being sent, or was to be the
 *   connection's last
 */
export function refuseBroken(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  isSilent: boolean,
  metrics: Metrics,
): void {
  if (socket.writableEnded) return;
  // Without a handshake nothing can be written, and an attempt to would keep the connection open.
  if (error.code === 'ECONNRESET' || !socket.writable || isTlsError(error)) {
    socket.destroy();
    return;
  }
  const [status, code] = BROKEN.get(error.code ?? '') ?? [400, 'BAD_REQUEST'];
  metrics.refused(code);
  const answer = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
  socket.end(isSilent ? '' : answer, () => socket.destroy());
}

function isTlsError({ code = '' }: NodeJS.ErrnoException): boolean {
  return code === 'EPROTO' || code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_');
}

const BROKEN: ReadonlyMap<string, readonly [status: number, code: string]> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'HEADERS_TOO_LARGE']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'BODY_TOO_LARGE']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'REQUEST_TOO_SLOW']],
]);

function headersOf({ status, code }: Refusal): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer realm="tilt-graphql"' };
  if (code === 'TOO_MANY_CONNECTIONS') return { 'retry-after': '5', connection: 'close' };
  return {};
}

function bodyOf({ message, code }: Refusal): string {
  return `${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n`;
}
