import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { REQUEST_ID_HEADER } from '../request.js';
import type { Rejection } from './allow-list.js';

/** Whether a browser requests a page: GraphQL clients accept JSON or an event stream. */
export function isPageVisit(request: IncomingMessage): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && acceptsHtml(request);
}

/** Whether the client accepts HTML. */
export function acceptsHtml({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/html') === true;
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
