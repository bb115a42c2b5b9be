import type { Duplex } from 'node:stream';
import type { Metrics } from '../../lib/metrics.js';
import { corsHeaders } from './cors.js';
import { type GuardOptions, isForeignButAllowed } from './guard.js';
import { headOf } from './refuse.js';

/** How a request that is none is refused. */
export interface RefuseBrokenOptions {
  /** Whether an answer would be taken for a part of the one before it: that is still being sent, or was to be the connection's last. */
  readonly isSilent: boolean;
  /** The allowed origin of the page that sent it; null where that is not known. */
  readonly origin: string | null;
  readonly metrics: Metrics;
}

/** Answers what is no request, or comes too late, and ends its connection. */
export function refuseBroken(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  { isSilent, origin, metrics }: RefuseBrokenOptions,
): void {
  if (socket.writableEnded) return;
  // Without a handshake nothing can be written, and an attempt to would keep the connection open.
  if (error.code === 'ECONNRESET' || !socket.writable || isTlsError(error)) {
    socket.destroy();
    return;
  }
  const [status, code] = BROKEN.get(error.code ?? '') ?? [400, 'BAD_REQUEST'];
  metrics.refused(code);
  const headers = { connection: 'close', 'content-length': 0, ...(origin !== null && corsHeaders(origin)) };
  socket.end(isSilent ? '' : headOf(status, headers), () => socket.destroy());
}

/**
 * The origin of the page that sent what could not be parsed, such as too many headers, if it is an allowed one. Only a browser
 * makes anything of it, and in a browser no page can set it.
 */
export function findOrigin(error: NodeJS.ErrnoException, guard: GuardOptions): string | null {
  if (!('rawPacket' in error) || !Buffer.isBuffer(error.rawPacket)) return null;
  const found = [...error.rawPacket.toString('latin1').matchAll(/^origin:[ \t]*([!-~]+)[ \t]*\r?$/gim)];
  const origin = found.at(-1)?.[1];
  return isForeignButAllowed(origin, guard) ? origin : null;
}

function isTlsError({ code = '' }: NodeJS.ErrnoException): boolean {
  return code === 'EPROTO' || code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_');
}

const BROKEN: ReadonlyMap<string, readonly [status: number, code: string]> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'HEADERS_TOO_LARGE']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'BODY_TOO_LARGE']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'REQUEST_TOO_SLOW']],
]);
