import type { Duplex } from 'node:stream';
import type { Metrics } from '../../lib/metrics.js';
import { type AllowList, isAllowedCrossOrigin } from './allow-list.js';
import { corsHeaders } from './cors.js';
import { formatHead } from './reject.js';

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
