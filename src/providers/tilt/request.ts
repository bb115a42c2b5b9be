import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ProviderError } from '../provider.js';
import type { Connection } from './credentials.js';

/** The address of a path at the server, whose own address may have a path too (a cluster behind a proxy). */
export function urlOf({ server }: Connection, path: string): URL {
  return new URL(`${server.href.replace(/\/+$/, '')}${path}`);
}

/**
 * Sends a GET and gives the response as soon as its headers are there, whatever its status. Aborting the signal ends
 * the connection, also later, while the body is read.
 *
 * HTTP/1.1 is enough, though Tilt speaks HTTP/2 too: there is one watch, and a list now and then. Each request has
 * a connection of its own, so that a list tells whether the server can be reached now, and not how an old
 * connection is.
 *
 * @throws {@link ProviderError} `unreachable`
 */
export function get(connection: Connection, url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(unreachable(url, error));
    const { headers, tls } = connection;
    const options = { headers, signal, agent: false };
    const request =
      url.protocol === 'http:' ? httpRequest(url, options) : httpsRequest(url, { ...options, ...tls });
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    request.on('response', resolve);
    // Also after the response: an error that nobody listens to would end the process.
    request.on('error', fail);
    // A server that answers by switching protocols (101) gives neither a response nor an error.
    request.on('close', () => fail(new Error('the connection ended without an answer')));
    request.end();
  });
}

// So that a peer that is gone is noticed by the system too, and a firewall on the way keeps the connection.
const KEEP_ALIVE_MS = 15_000;

/** Trouble with a socket, a name or a certificate, in one line. */
export function unreachable(url: URL, error: Error): ProviderError {
  const { code }: NodeJS.ErrnoException = error;
  // Node tries each address of a name; the error for all of them together has no message of its own.
  return new ProviderError(
    'unreachable',
    `${url.origin}: ${error.message || code || 'no connection'}${adviceFor(code)}`,
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
