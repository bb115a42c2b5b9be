import { BlockList, isIP } from 'node:net';
import { ProviderError } from '../provider.js';
import type { Env } from './kubeconfig-paths.js';

/** Whether a text is the URL of a proxy that can be used. */
export function isProxyUrl(text: string): boolean {
  return URL.canParse(text) && SCHEMES.has(new URL(text).protocol) && new URL(text).hostname !== '';
}

const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'socks5:', 'socks5h:']);

/**
 * The proxy that the environment names for a server, by the rules of Go (`golang.org/x/net/http/httpproxy`), which Tilt and
 * kubectl follow: `HTTPS_PROXY` or `HTTP_PROXY` by the scheme of the server, unless the server is this machine's loopback or
 * `NO_PROXY` lists it. Null means none. Throws a {@link ProviderError} `config` for an unusable address.
 */
export function proxyFromEnvironment(server: URL, env: Env): URL | null {
  const variable = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const value = fromEither(env, variable);
  if (value === '' || isDirect(server, fromEither(env, 'NO_PROXY'))) return null;
  // Go accepts an address without a scheme.
  const url = value.includes('://') ? value : `http://${value}`;
  if (isProxyUrl(url)) return new URL(url);
  throw new ProviderError(
    'config',
    `${variable}: expected an http:, https: or socks5: address, got another text`,
  );
}

function fromEither(env: Env, name: string): string {
  return env[name] || env[name.toLowerCase()] || '';
}

function isDirect(server: URL, noProxy: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || (isIP(host) !== 0 && isInSubnets(host, LOOPBACK))) return true;
  return noProxy.split(',').some((entry) => matches(entry.trim().toLowerCase(), host, port));
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Whether an entry of `NO_PROXY` covers a host: `*`, an address, a subnet, or a domain, each but the first with an optional port. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (isSubnet(entry)) return isIP(host) !== 0 && isInSubnets(host, [entry]);
  const [, bracketed, plain, entryPort = port] = /^(?:\[(.*)\]|([^:]*))(?::(\d*))?$/.exec(entry) ?? [
    null,
    null,
    entry,
  ];
  const name = bracketed ?? plain ?? '';
  if (name === '' || entryPort !== port) return false;
  if (isIP(name) !== 0)
    return isIP(host) !== 0 && isInSubnets(host, [`${name}/${isIP(name) === 6 ? 128 : 32}`]);
  if (isIP(host) !== 0) return false;
  const domain = name.replace(/^\*\./, '.');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function isSubnet(entry: string): boolean {
  const [address = '', prefix = ''] = entry.split('/');
  return (
    /^\d{1,3}$/.test(prefix) && isIP(address) !== 0 && Number(prefix) <= (isIP(address) === 6 ? 128 : 32)
  );
}

function isInSubnets(address: string, subnets: readonly string[]): boolean {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', prefix] = subnet.split('/');
    list.addSubnet(network, Number(prefix), familyOf(network));
  }
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
