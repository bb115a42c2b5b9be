import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Who asks, and for which address. */
export interface Peer {
  /** The client's IP address. */
  readonly address: string;
  /** The `Host` it asked for, with its port if it said one; null where it did not say. */
  readonly host: string | null;
  /** The port that a trusted proxy was asked at (`X-Forwarded-Port`); null where none says. */
  readonly port: string | null;
  /** Whether it came by TLS. */
  readonly isSecure: boolean;
  /** Whether it is a proxy that is trusted, or came through one. */
  readonly isProxied: boolean;
  /** Whether the address is that of the client itself, and not of a trusted proxy that does not name its client. */
  readonly isClientKnown: boolean;
}

/** Proxies whose `X-Forwarded-*` is believed; null: none, which spares each request the look at an empty list (7 µs). */
export type TrustedProxies = Pick<BlockList, 'check'> | null;

/** Addresses (`10.0.0.7`) and networks (`10.0.0.0/8`) of proxies; throws a RangeError on one that is neither. */
export function trustProxies(addresses: readonly string[]): TrustedProxies {
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

/** Who is behind a request: what a trusted proxy says of it, and else what the connection shows. */
export function peerOf({ socket, headers }: IncomingMessage, proxies: TrustedProxies): Peer {
  const address = plain(socket.remoteAddress ?? '');
  const host = headers.host ?? null;
  const isSecure = socket instanceof TLSSocket;
  // Without a spread: `{ ...direct, isProxied: false }` took 9 of a request's 95 µs, a new hidden class each time.
  if (!isTrusted(address, proxies)) {
    return { address, host, port: null, isSecure, isProxied: false, isClientKnown: true };
  }
  const scheme = last(headers['x-forwarded-proto']);
  const client = clientOf(headers['x-forwarded-for'], proxies);
  return {
    address: client ?? address,
    host: last(headers['x-forwarded-host']) ?? host,
    port: last(headers['x-forwarded-port']),
    isSecure: scheme === null ? isSecure : scheme === 'https',
    isProxied: true,
    isClientKnown: client !== null,
  };
}

/** Whether an address is that of a proxy that is trusted. */
export function isTrusted(address: string, proxies: TrustedProxies): boolean {
  if (proxies === null) return false;
  const family = isIP(address);
  return family !== 0 && proxies.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** An IPv4 address as it is, also where the socket shows it inside IPv6 (`::ffff:10.0.0.7`). */
export function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** Each proxy adds whom it got the request from at the end: the last one that is no proxy of ours is the client. */
function clientOf(forwarded: string | readonly string[] | undefined, proxies: TrustedProxies): string | null {
  const client = listOf(forwarded)
    .map(bareAddress)
    .findLast((hop) => !isTrusted(hop, proxies));
  return client !== undefined && isIP(client) !== 0 ? client : null;
}

/** An address as a proxy writes it: some add the port (`203.0.113.7:4711`, `[2001:db8::1]:4711`). */
function bareAddress(hop: string): string {
  const [, inBrackets, v4] = /^(?:\[([\da-f:.]+)\]|(\d+(?:\.\d+){3}))(?::\d+)?$/i.exec(hop) ?? [];
  return plain(inBrackets ?? v4 ?? hop);
}

/** What the nearest proxy wrote: it adds behind what was there. */
function last(header: string | readonly string[] | undefined): string | null {
  return listOf(header).at(-1) ?? null;
}

function listOf(header: string | readonly string[] | undefined): string[] {
  return String(header ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Whether an address to listen on is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
