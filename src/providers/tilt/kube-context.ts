import { dirname, resolve } from 'node:path';
import { oneLine } from '../../model/one-line.js';
import { type Field, flag, member, requiredText, text } from '../kubernetes/field.js';
import { isProxyUrl } from './proxy.js';

/** One entry of `contexts`: a way to reach an API server, or in one line why it is none. */
export type KubeContext =
  | { readonly name: string; readonly is: 'usable'; readonly endpoint: Endpoint }
  | { readonly name: string; readonly is: 'unusable'; readonly problem: string };

/** Where an API server is and what proves who is who: a context's cluster and user put together. */
export interface Endpoint {
  /** `https://127.0.0.1:42575`; `http:` is allowed, and so is a path. */
  readonly server: string;
  /** The CA that signed the server's certificate; null means those that Node trusts. */
  readonly certificateAuthority: Content | null;
  readonly insecureSkipTlsVerify: boolean;
  /** The name that the server's certificate must have; null means the host in `server`. */
  readonly tlsServerName: string | null;
  readonly token: Content | null;
  readonly clientCertificate: Content | null;
  readonly clientKey: Content | null;
  readonly basic: { readonly username: string; readonly password: string } | null;
  /** The proxy of `proxy-url`, used whatever the environment says; null means the proxy of the environment, if any. */
  readonly proxy: string | null;
}

/** Content as it stands in the kubeconfig, or the absolute path of the file that has it. */
export type Content = { readonly text: string } | { readonly file: string };

/** Puts a context's cluster and user together. */
export function contextOf(
  name: string,
  context: Field,
  clusters: ReadonlyMap<string, Field>,
  users: ReadonlyMap<string, Field>,
): KubeContext {
  const clusterName = text(member(context, 'cluster')) ?? '';
  const userName = text(member(context, 'user'));
  const cluster = clusters.get(clusterName);
  const user = userName === null ? ANONYMOUS : users.get(userName);
  if (!cluster) return unusable(name, `there is no cluster "${clusterName}"`);
  if (!user) return unusable(name, `there is no user "${userName}"`);
  const problem = serverProblem(cluster) ?? proxyProblem(cluster) ?? userProblem(user);
  if (problem !== null) return unusable(name, problem);
  return { name, is: 'usable', endpoint: endpointFrom(cluster, user) };
}

function unusable(name: string, problem: string): KubeContext {
  return { name, is: 'unusable', problem: oneLine(problem) };
}

const ANONYMOUS: Field = { file: '', path: '', value: {} };

function serverProblem(cluster: Field): string | null {
  const server = member(cluster, 'server');
  const url = text(server);
  if (url !== null && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return null;
  return `${server.path}: expected an https: address, got ${url === null ? 'nothing' : JSON.stringify(url)}`;
}

/** The value itself may hold a password, so only its scheme is quoted. */
function proxyProblem(cluster: Field): string | null {
  const field = member(cluster, 'proxy-url');
  const url = text(field);
  if (url === null || isProxyUrl(url)) return null;
  const scheme = URL.canParse(url) ? `the scheme ${new URL(url).protocol}` : 'another text';
  return `${field.path}: expected an http:, https: or socks5: address, got ${scheme}`;
}

function userProblem(user: Field): string | null {
  const unsupported = Object.keys(UNSUPPORTED).find((key) => isGiven(member(user, key).value));
  if (unsupported !== undefined) return `${user.path}.${unsupported}: ${UNSUPPORTED[unsupported]}`;
  const certificate = contentOf(user, 'client-certificate');
  const key = contentOf(user, 'client-key');
  if ((certificate === null) === (key === null)) return null;
  return `${user.path}: expected client-certificate and client-key together, got only one of them`;
}

const LOGIN = 'logins by command are not supported; use a token or a client certificate';
const IMPERSONATION = 'impersonation is not supported; use credentials of the user itself';

/** Fields of a user that change who is logged in: to ignore them would be to act as somebody else. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  exec: LOGIN,
  'auth-provider': LOGIN,
  as: IMPERSONATION,
  'as-uid': IMPERSONATION,
  'as-groups': IMPERSONATION,
  'as-user-extra': IMPERSONATION,
};

/** Whether a field has a value: Go does not tell an empty text, list or map from none. */
function isGiven(value: unknown): boolean {
  if (value === null || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function endpointFrom(cluster: Field, user: Field): Endpoint {
  const username = text(member(user, 'username'));
  return {
    server: requiredText(member(cluster, 'server')),
    certificateAuthority: contentOf(cluster, 'certificate-authority'),
    insecureSkipTlsVerify: flag(member(cluster, 'insecure-skip-tls-verify')),
    tlsServerName: text(member(cluster, 'tls-server-name')),
    token: tokenOf(user),
    clientCertificate: contentOf(user, 'client-certificate'),
    clientKey: contentOf(user, 'client-key'),
    proxy: text(member(cluster, 'proxy-url')),
    basic: username === null ? null : { username, password: text(member(user, 'password')) ?? '' },
  };
}

/** `<key>-data` in base64, which counts for more than the file named by `<key>`. */
function contentOf(field: Field, key: string): Content | null {
  const data = text(member(field, `${key}-data`));
  if (data !== null) return { text: Buffer.from(data, 'base64').toString() };
  return fileOf(member(field, key));
}

/** `tokenFile` counts for more than `token`: it is the one that is renewed. */
function tokenOf(user: Field): Content | null {
  const token = text(member(user, 'token'));
  return fileOf(member(user, 'tokenFile')) ?? (token === null ? null : { text: token });
}

function fileOf(field: Field): Content | null {
  const path = text(field);
  return path === null ? null : { file: resolve(dirname(field.file), path) };
}
