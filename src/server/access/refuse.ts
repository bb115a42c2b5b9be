import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { REQUEST_ID_HEADER } from '../request.js';
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
  socket.end(headOf(refusal.status, headers) + body, () => socket.destroy());
}

/** The head of an answer that is written to the connection itself. */
export function headOf(status: number, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`;
}

function headersOf({ status, code }: Refusal): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer realm="tilt-graphql"' };
  if (code === 'TOO_MANY_CONNECTIONS') return { 'retry-after': '5', connection: 'close' };
  return {};
}

function bodyOf({ message, code }: Refusal): string {
  return `${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n`;
}
