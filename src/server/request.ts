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

/**
 * Logs a request at `debug` once its answer is over: the client's address, the method, the path, the status, how long it
 * took in milliseconds, and how many bytes of the answer were handed to the connection, headers included. `aborted` when the client left before
 * the end. Neither query strings nor headers are logged: tokens can be in them. Costs nothing while `debug` is off.
 *
 * @param client the client's address: behind a trusted proxy the one that it forwards
 */
export function logAccess(
  log: Log,
  clock: Clock,
  request: IncomingMessage,
  response: ServerResponse,
  client: string,
): void {
  if (!isOn(log, 'debug')) return;
  const { method, url = '', socket } = request;
  const startedAt = clock.monotonic();
  const writtenBefore = socket.bytesWritten;
  response.once('close', () =>
    log('debug', 'request', {
      client,
      method,
      path: shownPath(url),
      status: response.statusCode,
      ms: Math.round(clock.monotonic() - startedAt),
      bytes: socket.bytesWritten - writtenBefore,
      ...(response.writableFinished ? {} : { aborted: true }),
    }),
  );
}

/**
 * Logs a WebSocket at `debug` once its connection is over, in the same way; its status is 101, or that with which it was
 * refused. Costs nothing while `debug` is off.
 *
 * @param statusOf the status, asked for at the end
 */
export function logUpgrade(
  log: Log,
  clock: Clock,
  { method, url = '', socket }: IncomingMessage,
  client: string,
  statusOf: () => number,
): void {
  if (!isOn(log, 'debug')) return;
  const startedAt = clock.monotonic();
  const writtenBefore = socket.bytesWritten;
  socket.once('close', () =>
    log('debug', 'request', {
      client,
      method,
      path: shownPath(url),
      status: statusOf(),
      ms: Math.round(clock.monotonic() - startedAt),
      bytes: socket.bytesWritten - writtenBefore,
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
