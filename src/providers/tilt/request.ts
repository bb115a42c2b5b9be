import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { bareHost } from '../../lib/host.js';
import { ProviderError } from '../provider.js';
import type { ServerAccess } from './credentials.js';
import { openTunnel, proxyAuthorization } from './proxy.js';

/** Resolves a path at the server, whose URL may have a path too (a cluster behind a reverse proxy). */
export function resolveUrl({ server }: ServerAccess, path: string): URL {
  return new URL(`${server.href.replace(/\/+$/, '')}${path}`);
}

/**
 * Sends a GET request. Resolves with the response, whatever its status, as soon as its headers arrive.
 * Aborting the signal closes the connection, also while the body is read. HTTP/1.1 is enough, although Tilt
 * also supports HTTP/2: there is one watch per kind and an occasional list.
 *
 * @param agent keeps connections alive. Not used through a proxy, where each request has its own connection
 * @throws {@link ProviderError} `unreachable`
 */
export async function get(
  access: ServerAccess,
  url: URL,
  agent: Agent | false,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { proxy } = access;
  try {
    return await (proxy === null
      ? getDirectly(access, url, agent, signal)
      : getThroughProxy(access, proxy, url, signal));
  } catch (error) {
    if (error instanceof ProviderError || !(error instanceof Error)) throw error;
    throw unreachable(url, error, proxy);
  }
}

async function getDirectly(
  { headers, tls }: ServerAccess,
  url: URL,
  agent: Agent | false,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const start = (usedAgent: Agent | false) =>
    url.protocol === 'http:'
      ? httpRequest(url, { headers, signal, agent: usedAgent })
      : httpsRequest(url, { headers, signal, agent: usedAgent, ...tls });
  const request = start(agent);
  try {
    return await waitForResponse(request);
  } catch (error) {
    if (!request.reusedSocket || signal.aborted) throw error;
    // The server may have closed the idle connection just then; a new connection shows whether it is running.
    return await waitForResponse(start(false));
  }
}

async function getThroughProxy(
  { headers, tls }: ServerAccess,
  proxy: URL,
  url: URL,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isPlain = url.protocol === 'http:';
  if (isPlain && !proxy.protocol.startsWith('socks')) {
    const options = {
      headers: { ...headers, host: url.host, ...proxyAuthorization(proxy) },
      signal,
      path: url.href,
    };
    return waitForResponse(
      proxy.protocol === 'http:' ? httpRequest(proxy, options) : httpsRequest(proxy, options),
    );
  }
  const socket = await openTunnel(proxy, url, signal);
  const createConnection = () =>
    isPlain ? socket : connectTls({ host: bareHost(url), ...serverName(url), ...tls, socket });
  return waitForResponse(httpRequest(url, { protocol: 'http:', headers, signal, createConnection }));
}

/** The name for SNI, which must not be an IP address. */
function serverName(url: URL): { servername?: string } {
  return isIP(bareHost(url)) === 0 ? { servername: url.hostname } : {};
}

function waitForResponse(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('socket', (socket) => {
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      // Node.js removes its own listener at the end of a response. If the request was aborted by a line in
      // the same chunk, the error of the connection follows (lib/_http_client.js, `responseKeepAlive`).
      if (!socket.listeners('error').includes(ignoreError)) socket.on('error', ignoreError);
    });
    request.on('response', resolve);
    // The listener stays after the response, because an error event without a listener ends the process.
    request.on('error', reject);
    // A server that switches protocols (101) causes neither a response nor an error.
    request.on('close', () => reject(new Error('the connection ended without an answer')));
    request.end();
  });
}

function ignoreError(): void {}

/** TCP keep-alive detects a peer that is gone and keeps the connection open in firewalls. */
const KEEP_ALIVE_MS = 15_000;

/** Creates the error for a socket, a host name or a certificate. */
export function unreachable(url: URL, error: Error, proxy: URL | null): ProviderError {
  const { code }: NodeJS.ErrnoException = error;
  // Node.js tries each address of a host name; the combined error has no message.
  return new ProviderError(
    'unreachable',
    `${url.origin}${proxy === null ? '' : ` through the proxy ${proxy.host}`}: ${error.message || code || 'no connection'}${certificateHint(code)}`,
  );
}

function certificateHint(code: string | undefined): string {
  if (code === undefined || !UNTRUSTED.has(code)) return '';
  return "; the certificate is not from the kubeconfig's certificate-authority";
}

const UNTRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);
