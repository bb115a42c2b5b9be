import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ProviderError } from '../provider.js';
import type { Connection } from './credentials.js';
import { bareHost, openTunnel, proxyAuthorization } from './tunnel.js';

/** The address of a path at the server, whose own address may have a path too (a cluster behind a proxy). */
export function urlOf({ server }: Connection, path: string): URL {
  return new URL(`${server.href.replace(/\/+$/, '')}${path}`);
}

/**
 * Sends a GET and resolves with the response as soon as its headers arrive, whatever its status. Aborting the signal ends
 * the connection, also later, while the body is read. HTTP/1.1 is enough, though Tilt speaks HTTP/2 too: there is one watch
 * and an occasional list.
 *
 * @param agent keeps the connections; not used through a proxy, where each request has its own
 * @throws {@link ProviderError} `unreachable`
 */
export async function get(
  connection: Connection,
  url: URL,
  agent: Agent | false,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { proxy } = connection;
  try {
    return await (proxy === null
      ? getDirectly(connection, url, agent, signal)
      : getByProxy(connection, proxy, url, signal));
  } catch (error) {
    if (error instanceof ProviderError || !(error instanceof Error)) throw error;
    throw unreachable(url, error, proxy);
  }
}

async function getDirectly(
  { headers, tls }: Connection,
  url: URL,
  agent: Agent | false,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const start = (by: Agent | false) =>
    url.protocol === 'http:'
      ? httpRequest(url, { headers, signal, agent: by })
      : httpsRequest(url, { headers, signal, agent: by, ...tls });
  const request = start(agent);
  try {
    return await responseTo(request);
  } catch (error) {
    if (!request.reusedSocket || signal.aborted) throw error;
    // The server closed the kept connection just when it was used again: a new one shows whether the server is there.
    return await responseTo(start(false));
  }
}

async function getByProxy(
  { headers, tls }: Connection,
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
    return responseTo(
      proxy.protocol === 'http:' ? httpRequest(proxy, options) : httpsRequest(proxy, options),
    );
  }
  const socket = await openTunnel(proxy, url, signal);
  const createConnection = () =>
    isPlain ? socket : connectTls({ host: bareHost(url), ...nameOf(url), ...tls, socket });
  return responseTo(httpRequest(url, { protocol: 'http:', headers, signal, createConnection }));
}

/** The name that is sent to the server (SNI): never an IP address. */
function nameOf(url: URL): { servername?: string } {
  return isIP(bareHost(url)) === 0 ? { servername: url.hostname } : {};
}

function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    request.on('response', resolve);
    // Also after the response: an error without a listener would end the process.
    request.on('error', reject);
    // A server that answers by switching protocols (101) gives neither a response nor an error.
    request.on('close', () => reject(new Error('the connection ended without an answer')));
    request.end();
  });
}

// So that a peer that is gone is noticed by the system too, and a firewall on the way keeps the connection.
const KEEP_ALIVE_MS = 15_000;

/** Trouble with a socket, a name or a certificate, in one line. */
export function unreachable(url: URL, error: Error, proxy: URL | null): ProviderError {
  const { code }: NodeJS.ErrnoException = error;
  // Node tries each address of a name; the error for all of them together has no message of its own.
  return new ProviderError(
    'unreachable',
    `${url.origin}${proxy === null ? '' : ` through the proxy ${proxy.host}`}: ${error.message || code || 'no connection'}${adviceFor(code)}`,
  );
}

function adviceFor(code: string | undefined): string {
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
