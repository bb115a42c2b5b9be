import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../lib/clock.js';
import { isOn, type Log } from '../lib/log.js';

/** The header that a request's id comes and goes in. */
export const REQUEST_ID_HEADER = 'x-request-id';

/** Short, and harmless in a log line, a header and a shell. */
const HARMLESS = /^[\w.-]{1,64}$/;

/**
 * The id of a request: the one it came with, so that it can be followed through proxies, unless that is long or strange;
 * else one of 16 characters that is made here.
 *
 * @param random gives numbers from 0 up to 1
 */
export function requestIdOf(headers: IncomingHttpHeaders, random: () => number): string {
  const given = headers[REQUEST_ID_HEADER];
  if (typeof given === 'string' && HARMLESS.test(given)) return given;
  return eightDigits(random) + eightDigits(random);
}

function eightDigits(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}

/** The longest path that is logged whole, in characters. */
const LONGEST_PATH = 200;

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
 * Logs a request at `debug` when its response, or the socket of a WebSocket, is closed: client address, method, path,
 * status, duration in milliseconds, and bytes handed to the connection, headers included. `aborted` means that the
 * client disconnected before the end of the response. Query strings and headers are not logged, because they can
 * contain tokens. Costs nothing while `debug` is off.
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
  return path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH - 1)}…` : path;
}

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
