import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { ProviderError } from '../provider.js';

/** Opens a connection to a server through a proxy: by CONNECT, or by SOCKS 5. Rejects when the proxy does not allow it. */
export function openTunnel(proxy: URL, server: URL, signal: AbortSignal): Promise<Socket> {
  const host = bareHost(server);
  const port = Number(server.port || (server.protocol === 'https:' ? 443 : 80));
  return proxy.protocol.startsWith('socks')
    ? connectBySocks(proxy, { host, port }, signal)
    : connectByHttp(proxy, `${server.hostname}:${port}`, signal);
}

/** The header with which a proxy is asked, if its URL has a user. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
}

/** The host of a URL, an IPv6 address without its brackets. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function connectByHttp(proxy: URL, authority: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = { host: authority, ...proxyAuthorization(proxy) };
    const options = { method: 'CONNECT', path: authority, headers, agent: false, signal } as const;
    const request = proxy.protocol === 'https:' ? httpsRequest(proxy, options) : httpRequest(proxy, options);
    request.once('connect', ({ statusCode = 0, statusMessage = '' }, socket) => {
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

/** The proxy resolves names, as with Go, which does not tell `socks5` from `socks5h`. The library gives up after 30 s by itself. */
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
