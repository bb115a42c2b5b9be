import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseTrustedProxies, resolvePeer } from '../../../src/server/access/peer.js';

/** Creates a request from an address, as a server receives it. */
function requestFrom(remoteAddress: string, headers: Record<string, string>): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  return Object.assign(new IncomingMessage(socket), { headers });
}

const proxies = parseTrustedProxies(['10.0.0.0/8', '::1', '127.0.0.1']);
const forwarded = {
  host: 'gateway:4000',
  'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.1.1.1',
  'x-forwarded-host': 'evil.example, board.example',
  'x-forwarded-port': '8443',
  'x-forwarded-proto': 'https',
};

describe('the peer of a request', () => {
  it('the peer is the connected address, and forwarded headers of untrusted peers are ignored', () => {
    expect(resolvePeer(requestFrom('203.0.113.9', forwarded), proxies)).toEqual({
      address: '203.0.113.9',
      host: 'gateway:4000',
      port: null,
      isSecure: false,
      isProxied: false,
      isClientKnown: true,
    });
  });

  it.each(['10.2.2.2', '::ffff:10.2.2.2', '::1', '127.0.0.1'])(
    'the peer is taken from the forwarded headers of the trusted proxy %s',
    (address) => {
      expect(resolvePeer(requestFrom(address, forwarded), proxies)).toEqual({
        // The client may have written everything before the last address that is not a trusted proxy.
        address: '203.0.113.7',
        host: 'board.example',
        port: '8443',
        isSecure: true,
        isProxied: true,
        isClientKnown: true,
      });
    },
  );

  it.each([
    [{ host: 'a' }, { address: '10.2.2.2', host: 'a', isSecure: false, isClientKnown: false }],
    [{ 'x-forwarded-for': 'unknown' }, { address: '10.2.2.2', host: null, isClientKnown: false }],
    [
      { 'x-forwarded-for': '', 'x-forwarded-proto': 'http' },
      { address: '10.2.2.2', isSecure: false },
    ],
  ])('the peer is the trusted proxy itself when its headers name no client: %j', (headers, peer) => {
    expect(resolvePeer(requestFrom('10.2.2.2', headers), proxies)).toMatchObject(peer);
  });
});

describe('a forwarded address', () => {
  it.each([
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
  ])('the forwarded address %s is the client %s', (forwardedFor, address) => {
    const request = requestFrom('10.2.2.2', { 'x-forwarded-for': forwardedFor });
    expect(resolvePeer(request, proxies)).toMatchObject({ address, isClientKnown: true });
  });
});

describe('trusted proxies', () => {
  it.each(['proxy', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/x', ''])(
    'the trusted proxy range %j is rejected',
    (text) => {
      expect(() => parseTrustedProxies([text])).toThrow(`got "${text}"`);
    },
  );
});
