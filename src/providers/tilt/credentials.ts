import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, createSecureContext } from 'node:tls';
import { codeOf, messageOf } from '../../lib/errors.js';
import { ProviderError } from '../provider.js';
import type { Content, Endpoint } from './kube-context.js';
import type { Env } from './kubeconfig-paths.js';
import { proxyFromEnvironment } from './proxy.js';

/** What a request to an API server needs: the address and, read from their files, the credentials. */
export interface Connection {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: ConnectionOptions;
  /** The proxy through which the server is reached; null means directly. */
  readonly proxy: URL | null;
}

/**
 * Reads the files that an endpoint names and checks that its certificates are some.
 *
 * @param env environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count where the endpoint names no proxy. Default: empty
 * @throws {@link ProviderError} `config`, naming the file or the kind of certificate
 */
export async function readConnection(endpoint: Endpoint, env: Env = {}): Promise<Connection> {
  const { certificateAuthority, clientCertificate, clientKey, token } = endpoint;
  const ca = await contentOf(certificateAuthority);
  const cert = await contentOf(clientCertificate);
  const key = await contentOf(clientKey);
  const pems = { ...(ca !== null && { ca }), ...(cert !== null && { cert }), ...(key !== null && { key }) };
  checkPems(pems);
  const server = new URL(endpoint.server);
  return {
    server,
    headers: { accept: 'application/json', ...authorization(await contentOf(token), endpoint.basic) },
    tls: { ...pems, ...identityOf(endpoint) },
    proxy: endpoint.proxy === null ? proxyFromEnvironment(server, env) : new URL(endpoint.proxy),
  };
}

async function contentOf(content: Content | null): Promise<string | null> {
  if (content === null) return null;
  if ('text' in content) return content.text;
  return readFile(content.file, 'utf8').catch((error) => {
    throw new ProviderError('config', `${content.file}: cannot be read: ${codeOf(error)}`);
  });
}

// Node takes a broken CA without a word and then trusts nobody, so it is tried here, where the cause can be told.
function checkPems({ ca, cert, key }: { ca?: string; cert?: string; key?: string }): void {
  attempt('certificate-authority', () => ca !== undefined && new X509Certificate(ca));
  attempt('client-certificate and client-key', () =>
    createSecureContext({ ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) }),
  );
}

function attempt(field: string, task: () => unknown): void {
  try {
    task();
  } catch (error) {
    const message = `the kubeconfig's ${field}: expected PEM, got something else (${messageOf(error)})`;
    throw new ProviderError('config', message);
  }
}

function authorization(content: string | null, basic: Endpoint['basic']): { authorization?: string } {
  // A token file usually ends in a newline.
  const token = content?.trim();
  if (token !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw new ProviderError(
        'config',
        "the kubeconfig's token: expected visible ASCII characters, got others",
      );
    }
    return { authorization: `Bearer ${token}` };
  }
  if (basic === null) return {};
  return { authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}` };
}

/** How the server's certificate is checked. */
function identityOf({ insecureSkipTlsVerify, tlsServerName }: Endpoint): ConnectionOptions {
  if (insecureSkipTlsVerify) return { rejectUnauthorized: false };
  if (tlsServerName === null) return {};
  return {
    // An IP address may be checked for, but not sent as the name of the server (RFC 6066, section 3).
    ...(isIP(tlsServerName) === 0 && { servername: tlsServerName }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(tlsServerName, certificate),
  };
}
