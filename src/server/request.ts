import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../lib/clock.js';
import { isOn, type Log } from '../lib/log.js';
import { shorten } from '../model/plain-text.js';

/** Header of a request's id, in requests and answers. */
export const REQUEST_ID_HEADER = 'x-request-id';

/** Short, and safe in a log line, a header and a shell. */
const SAFE_ID = /^[\w.-]{1,64}$/;

/**
 * Returns the id that the request carries, so that it can be traced through proxies, if it is short and safe.
 * Otherwise generates one of 16 characters.
 *
 * @param random returns numbers from 0 up to 1
 */
export function assignRequestId(headers: IncomingHttpHeaders, random: () => number): string {
  const given = headers[REQUEST_ID_HEADER];
  if (typeof given === 'string' && SAFE_ID.test(given)) return given;
  return eightDigits(random) + eightDigits(random);
}

function eightDigits(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}

/** Longest path in the log, in characters. */
const MAX_LOGGED_PATH = 200;

/** Settings of {@link logAccess}. */
export interface AccessLogOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Address of the client; behind a trusted proxy, the forwarded one. */
  readonly client: string;
  /** Response whose end is awaited. Null for a WebSocket, which ends with its socket. */
  readonly response: ServerResponse | null;
  /** Reads the status when the response or the socket is closed. */
  readonly status: () => number;
}

/**
 * Logs a request at `debug` when its response, or the socket of a WebSocket, is closed: client address,
 * method, path, status, duration in milliseconds, and bytes handed to the connection, headers included.
 * `aborted` means that the client disconnected before the end of the response. Query strings and headers are
 * not logged, because they can contain tokens. Costs nothing while `debug` is off.
 */
export function logAccess(
  { method, url = '', socket }: IncomingMessage,
  { log, clock, client, response, status }: AccessLogOptions,
): void {
  if (!isOn(log, 'debug')) return;
  const startedAt = clock.monotonic();
  const writtenBefore = socket.bytesWritten;
  (response ?? socket).once('close', () =>
    log('debug', 'request', {
      client,
      method,
      path: shownPath(url),
      status: status(),
      ms: Math.round(clock.monotonic() - startedAt),
      bytes: socket.bytesWritten - writtenBefore,
      ...(response?.writableFinished === false && { aborted: true }),
    }),
  );
}

function shownPath(url: string): string {
  const [path = ''] = url.split(/[?#]/, 1);
  return shorten(path, MAX_LOGGED_PATH);
}

/** Path of a request's target, in origin form or absolute form. */
export function pathOf(request: Pick<IncomingMessage, 'url'>): string {
  const target = originFormOf(request.url ?? '/');
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/** Query of a request's target, with its question mark; otherwise empty. */
export function queryOf({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  const query = url.indexOf('?');
  return query < 0 ? '' : url.slice(query);
}

/**
 * Rewrites a target in absolute form (`GET http://host/path`), which a server must accept (RFC 9112, section 3.2.2). Its host
 * replaces that of the `Host` header.
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
