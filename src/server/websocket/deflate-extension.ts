import type { IncomingHttpHeaders } from 'node:http';

const EXTENSION = 'permessage-deflate';

/** Longest header that is read, in characters. Browsers send 50. */
const MAX_HEADER = 500;

/**
 * Reduces `Sec-WebSocket-Extensions` to an offer of permessage-deflate (RFC 7692) that the gateway accepts,
 * or removes it. For a header that is malformed or not acceptable, `ws` would reject the handshake with 400.
 *
 * @param isWanted whether this client's messages are compressed
 */
export function selectExtension(headers: IncomingHttpHeaders, isWanted: boolean): void {
  const { 'sec-websocket-extensions': header = '' } = headers;
  const isOffered = header.length <= MAX_HEADER && header.split(',').some(isAcceptable);
  if (isWanted && isOffered) headers['sec-websocket-extensions'] = EXTENSION;
  else delete headers['sec-websocket-extensions'];
}

/**
 * Options of `ws`: each message is compressed on its own. Only so can readers share a message, and neither
 * side has to keep a window per connection.
 */
export const DEFLATE_OPTIONS = { serverNoContextTakeover: true, clientNoContextTakeover: true };

/** An offer that limits the gateway's window is declined: readers with another window could not share. */
function isAcceptable(offer: string): boolean {
  const [name, ...params] = offer.split(';').map((part) => part.trim().toLowerCase());
  return name === EXTENSION && new Set(params).size === params.length && params.every(isKnownParam);
}

function isKnownParam(param: string): boolean {
  return /^((server|client)_no_context_takeover|client_max_window_bits(="?([89]|1[0-5])"?)?|server_max_window_bits="?15"?)$/.test(
    param,
  );
}
