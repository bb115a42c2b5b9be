import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Client of a request, and the address that it requested. */
export interface Peer {
  /** IP address of the client. */
  readonly address: string;
  /** Requested `Host`, with its port if there is one. Null without a `Host` header. */
  readonly host: string | null;
  /** Port of a trusted proxy (`X-Forwarded-Port`); null if unknown. */
  readonly port: string | null;
  /** Whether the client uses TLS. */
  readonly isSecure: boolean;
  /** Whether the connection comes from a trusted proxy. */
  readonly isProxied: boolean;
  /** Whether the address is the client's own. False for a trusted proxy that does not name its client. */
  readonly isClientKnown: boolean;
}

/**
 * Proxies whose `X-Forwarded-*` headers are used. Null for none, which saves each request a lookup in an
 * empty list (7 µs).
 */
export type TrustedProxies = Pick<BlockList, 'check'> | null;

/**
 * Parses addresses (`10.0.0.7`) and networks (`10.0.0.0/8`) of proxies. Throws a RangeError for anything
 * else.
 */
export function parseTrustedProxies(addresses: readonly string[]): TrustedProxies {
  if (addresses.length === 0) return null;
  const list = new BlockList();
  for (const text of addresses) {
    const [address = '', bits] = text.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const longest = family === 'ipv6' ? 128 : 32;
    if (isIP(address) === 0 || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= longest))) {
      throw new RangeError(`expected an IP address or a network such as 10.0.0.0/8, got "${text}"`);
    }
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** Determines the client of a request: from the headers of a trusted proxy, otherwise from the connection. */
export function resolvePeer({ socket, headers }: IncomingMessage, proxies: TrustedProxies): Peer {
  const address = unmapAddress(socket.remoteAddress ?? '');
  const host = headers.host ?? null;
  const isSecure = socket instanceof TLSSocket;
  // Without a spread: `{ ...direct, isProxied: false }` took 9 of a request's 95 µs, a new hidden class each
  // time.
  if (!isTrusted(address, proxies)) {
    return { address, host, port: null, isSecure, isProxied: false, isClientKnown: true };
  }
  const scheme = last(headers['x-forwarded-proto']);
  const client = findClient(headers['x-forwarded-for'], proxies);
  return {
    address: client ?? address,
    host: last(headers['x-forwarded-host']) ?? host,
    port: last(headers['x-forwarded-port']),
    isSecure: scheme === null ? isSecure : scheme === 'https',
    isProxied: true,
    isClientKnown: client !== null,
  };
}

/** Whether an address belongs to a trusted proxy. */
export function isTrusted(address: string, proxies: TrustedProxies): boolean {
  if (proxies === null) return false;
  const family = isIP(address);
  return family !== 0 && proxies.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Converts an IPv4-mapped IPv6 address (`::ffff:10.0.0.7`) to IPv4. */
export function unmapAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/**
 * Finds the client in `X-Forwarded-For`. Each proxy appends its peer: the last address that is not a trusted
 * proxy is the client.
 */
function findClient(
  forwarded: string | readonly string[] | undefined,
  proxies: TrustedProxies,
): string | null {
  const client = parseList(forwarded)
    .map(withoutPort)
    .findLast((hop) => !isTrusted(hop, proxies));
  return client !== undefined && isIP(client) !== 0 ? client : null;
}

/** Removes the port that some proxies add (`203.0.113.7:4711`, `[2001:db8::1]:4711`). */
function withoutPort(hop: string): string {
  const [, inBrackets, v4] = /^(?:\[([\da-f:.]+)\]|(\d+(?:\.\d+){3}))(?::\d+)?$/i.exec(hop) ?? [];
  return unmapAddress(inBrackets ?? v4 ?? hop);
}

/** Value of the nearest proxy, which appends to the list. */
function last(header: string | readonly string[] | undefined): string | null {
  return parseList(header).at(-1) ?? null;
}

function parseList(header: string | readonly string[] | undefined): string[] {
  return String(header ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
