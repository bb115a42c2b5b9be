import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import { isOn, type Log } from '../log.js';

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
      path: pathOf(url),
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
      path: pathOf(url),
      status: statusOf(),
      ms: Math.round(clock.monotonic() - startedAt),
      bytes: socket.bytesWritten - writtenBefore,
    }),
  );
}

function pathOf(url: string): string {
  const [path = ''] = url.split(/[?#]/, 1);
  return path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH - 1)}…` : path;
}
