import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isLoopback } from '../lib/host.js';
import { resolvePeer, type TrustedProxies } from './access/peer.js';
import { type AcceptedCoding, acceptedCoding, PLAIN } from './http/content-coding.js';

/**
 * Which clients get compressed data, of those that accept it:
 *
 * - `auto`: all get compressed responses, which are compressed once. Streams (WebSocket and server-sent
 *   events) are compressed unless the client is on this machine, where bytes cost nothing.
 * - `always`: all clients.
 * - `never`: none.
 */
export type CompressMode = (typeof COMPRESS_MODES)[number];

/** All modes. */
export const COMPRESS_MODES = ['auto', 'always', 'never'] as const;

/** Decides about the compression of responses and streams. */
export interface Compression {
  /** Coding of a response. */
  codingOf(request: Pick<IncomingMessage, 'headers'>): AcceptedCoding;
  /** Whether a WebSocket of this client is compressed if the client offers it. */
  isForStreamsOf(request: IncomingMessage): boolean;
  /** Whether events to this client are compressed, by gzip. */
  isEventStreamCompressed(request: IncomingMessage): boolean;
}

/** Creates the rules of a mode. */
export function createCompression(mode: CompressMode, proxies: TrustedProxies): Compression {
  return {
    codingOf({ headers }) {
      if (mode === 'never' || isForeignVisit(headers)) return PLAIN;
      return acceptedCoding(headers['accept-encoding']);
    },
    isForStreamsOf,
    isEventStreamCompressed: (request) =>
      acceptedCoding(request.headers['accept-encoding']).acceptsGzip && isForStreamsOf(request),
  };

  function isForStreamsOf(request: IncomingMessage): boolean {
    if (mode !== 'auto') return mode === 'always';
    return !isLoopback(resolvePeer(request, proxies).address);
  }
}

/**
 * Whether a page of another site makes the browser visit this address. All else that such a page can start is
 * rejected. Without compression it cannot guess at data by the length of answers to queries of its choice
 * (BREACH).
 */
function isForeignVisit(headers: IncomingHttpHeaders): boolean {
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  return mode === 'navigate' && (site === 'cross-site' || site === 'same-site');
}
