import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import { bareHost } from '../../lib/host.js';
import { ProviderError } from '../provider.js';

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Whether a string is the URL of a supported proxy. */
export function isProxyUrl(text: string): boolean {
  return URL.canParse(text) && SCHEMES.has(new URL(text).protocol) && new URL(text).hostname !== '';
}

const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'socks5:', 'socks5h:']);

/**
 * Finds the proxy for a server in the environment, by the rules of Go (`golang.org/x/net/http/httpproxy`),
 * which Tilt and kubectl follow: `HTTPS_PROXY` or `HTTP_PROXY`, by the scheme of the server, unless the
 * server is on the loopback interface or listed in `NO_PROXY`. Returns null for none. Throws a
 * {@link ProviderError} `config` for an invalid URL.
 */
export function proxyFromEnvironment(server: URL, env: Env): URL | null {
  const variable = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const value = readVariable(env, variable);
  if (value === '' || isDirect(server, readVariable(env, 'NO_PROXY'))) return null;
  // Go accepts a URL without a scheme.
  const url = value.includes('://') ? value : `http://${value}`;
  if (isProxyUrl(url)) return new URL(url);
  throw new ProviderError(
    'config',
    `${variable}: expected an http:, https: or socks5: URL, got something else`,
  );
}

/** Reads a variable in upper or lower case. */
function readVariable(env: Env, name: string): string {
  return env[name] || env[name.toLowerCase()] || '';
}

function isDirect(server: URL, noProxy: string): boolean {
  const host = bareHost(server).toLowerCase();
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || (isIP(host) !== 0 && isInSubnets(host, LOOPBACK))) return true;
  return noProxy.split(',').some((entry) => matches(entry.trim().toLowerCase(), host, port));
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Whether an entry of `NO_PROXY` matches a host: `*`, subnet, or address or domain with optional port. */
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

/** Opens a connection through a proxy, with CONNECT or SOCKS 5. Rejects when the proxy denies it. */
export function openTunnel(proxy: URL, server: URL, signal: AbortSignal): Promise<Socket> {
  const host = bareHost(server);
  const port = Number(server.port || (server.protocol === 'https:' ? 443 : 80));
  return proxy.protocol.startsWith('socks')
    ? connectBySocks(proxy, { host, port }, signal)
    : connectByHttp(proxy, `${server.hostname}:${port}`, signal);
}

/** Header with the credentials in a proxy's URL; empty when it has none. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
}

function connectByHttp(proxy: URL, authority: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = { host: authority, ...proxyAuthorization(proxy) };
    const options = { method: 'CONNECT', path: authority, headers, agent: false, signal } as const;
    const request = proxy.protocol === 'https:' ? httpsRequest(proxy, options) : httpRequest(proxy, options);
    request.once('connect', ({ statusCode = 0, statusMessage = '' }, socket) => {
      // Node.js has removed its own listener.
      socket.on('error', () => {});
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(
        new ProviderError('refused', `the proxy ${proxy.host} answers HTTP ${statusCode} ${statusMessage}`),
      );
    });
    request.on('error', reject);
    request.on('close', () => reject(new Error('the proxy closed the connection')));
    request.end();
  });
}

/** The proxy resolves names, also for `socks5`, as in Go. The library has a time limit of 30 s. */
async function connectBySocks(
  proxy: URL,
  destination: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Socket> {
  const { SocksClient } = await import('socks');
  const { username, password } = proxy;
  const login =
    username === '' ? {} : { userId: decodeURIComponent(username), password: decodeURIComponent(password) };
  const { socket } = await SocksClient.createConnection({
    proxy: { host: bareHost(proxy), port: Number(proxy.port || 1080), type: 5, ...login },
    command: 'connect',
    destination,
  });
  if (signal.aborted) socket.destroy();
  return socket;
}
