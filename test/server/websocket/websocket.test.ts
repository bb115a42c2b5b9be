import { describe, expect, it } from 'vitest';
import { selectExtension } from '../../../src/server/websocket/websocket.js';

const select = (offer: string | undefined, isWanted = true) => {
  const headers = offer === undefined ? {} : { 'sec-websocket-extensions': offer };
  selectExtension(headers, isWanted);
  return headers['sec-websocket-extensions'];
};

describe('the offer of permessage-deflate', () => {
  it.each([
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; client_max_window_bits=10; server_no_context_takeover',
    'Permessage-Deflate;server_max_window_bits=15',
    'x-webkit-deflate-frame, permessage-deflate',
    'permessage-deflate; server_max_window_bits=10, permessage-deflate',
  ])('%j is accepted', (offer) => {
    expect(select(offer)).toBe('permessage-deflate');
    expect(select(offer, false)).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    'x-webkit-deflate-frame',
    'permessage-deflate; server_max_window_bits=10',
    'permessage-deflate; client_max_window_bits=7',
    'permessage-deflate; client_max_window_bits; client_max_window_bits',
    'permessage-deflate; unknown',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate;;',
    '"',
    `permessage-deflate${' '.repeat(500)}`,
  ])('%j is declined, and the handshake continues', (offer) => {
    expect(select(offer)).toBeUndefined();
  });
});
