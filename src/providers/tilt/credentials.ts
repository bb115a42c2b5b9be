import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, createSecureContext } from 'node:tls';
import { codeOf, messageOf } from '../../lib/errors.js';
import { ProviderError } from '../provider.js';
import type { Content, Endpoint } from './kube-context.js';
import { type Env, proxyFromEnvironment } from './proxy.js';

/** Address of an API server, and the credentials that were read from their files. */
export interface ServerAccess {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: ConnectionOptions;
  /** Proxy of the server; null for a direct connection. */
  readonly proxy: URL | null;
}

/**
 * Reads the files that an endpoint refers to and validates the certificates.
 *
 * @param env environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` apply when the endpoint has no
 *   proxy. Default: empty
 * @throws {@link ProviderError} `config`, with the file or the kind of certificate
 */
export async function readServerAccess(endpoint: Endpoint, env: Env = {}): Promise<ServerAccess> {
  const { certificateAuthority, clientCertificate, clientKey, token } = endpoint;
  const ca = await readContent(certificateAuthority);
  const cert = await readContent(clientCertificate);
  const key = await readContent(clientKey);
  const pems = { ...(ca !== null && { ca }), ...(cert !== null && { cert }), ...(key !== null && { key }) };
  checkPems(pems);
  const server = new URL(endpoint.server);
  return {
    server,
    headers: { accept: 'application/json', ...authorizationHeader(await readContent(token), endpoint.basic) },
    tls: { ...pems, ...certificateCheck(endpoint) },
    proxy: endpoint.proxy === null ? proxyFromEnvironment(server, env) : new URL(endpoint.proxy),
  };
}

async function readContent(content: Content | null): Promise<string | null> {
  if (content === null) return null;
  if ('text' in content) return content.text;
  return readFile(content.file, 'utf8').catch((error) => {
    throw new ProviderError('config', `${content.file}: cannot be read: ${codeOf(error)}`);
  });
}

/** Validates the CA here, because Node.js accepts an invalid one silently and then trusts no server. */
function checkPems({ ca, cert, key }: { ca?: string; cert?: string; key?: string }): void {
  checkPem('certificate-authority', () => ca !== undefined && new X509Certificate(ca));
  checkPem('client-certificate and client-key', () =>
    createSecureContext({ ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) }),
  );
}

function checkPem(field: string, parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    const message = `the kubeconfig's ${field}: expected PEM, got something else (${messageOf(error)})`;
    throw new ProviderError('config', message);
  }
}

function authorizationHeader(content: string | null, basic: Endpoint['basic']): { authorization?: string } {
  // A token file usually ends with a line feed.
  const token = content?.trim();
  if (token !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw new ProviderError(
        'config',
        "the kubeconfig's token: expected visible ASCII characters, got other characters",
      );
    }
    return { authorization: `Bearer ${token}` };
  }
  if (basic === null) return {};
  return { authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}` };
}

/** TLS options for the verification of the server's certificate. */
function certificateCheck({ insecureSkipTlsVerify, tlsServerName }: Endpoint): ConnectionOptions {
  if (insecureSkipTlsVerify) return { rejectUnauthorized: false };
  if (tlsServerName === null) return {};
  return {
    // The certificate may be checked for an IP address, but SNI must not contain one (RFC 6066, section 3).
    ...(isIP(tlsServerName) === 0 && { servername: tlsServerName }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(tlsServerName, certificate),
  };
}
