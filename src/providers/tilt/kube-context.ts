import { dirname, resolve } from 'node:path';
import { isRecord } from '../../lib/is-record.js';
import { oneLine } from '../../model/plain-text.js';
import { ProviderError } from '../provider.js';
import { isProxyUrl } from './proxy.js';

/** An entry of `contexts`: an endpoint, or its problem on one line. */
export type KubeContext =
  | { readonly name: string; readonly is: 'usable'; readonly endpoint: Endpoint }
  | { readonly name: string; readonly is: 'unusable'; readonly problem: string };

/** Address and credentials of an API server: the cluster and user of a context. */
export interface Endpoint {
  /** URL such as `https://127.0.0.1:42575`. `http:` and a path are allowed. */
  readonly server: string;
  /** CA of the server's certificate; null for the CAs that Node.js trusts. */
  readonly certificateAuthority: Content | null;
  readonly insecureSkipTlsVerify: boolean;
  /** Name that the server's certificate must have; null for the host of `server`. */
  readonly tlsServerName: string | null;
  readonly token: Content | null;
  readonly clientCertificate: Content | null;
  readonly clientKey: Content | null;
  readonly basic: { readonly username: string; readonly password: string } | null;
  /** Proxy from `proxy-url`, which overrides the environment's proxy; null for the latter, if any. */
  readonly proxy: string | null;
}

/** Content from the kubeconfig itself, or the absolute path of the file that holds it. */
export type Content = { readonly text: string } | { readonly file: string };

/** Combines a context with its cluster and user. */
export function toContext(
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
  const problem = checkServer(cluster) ?? checkProxy(cluster) ?? checkUser(user);
  if (problem !== null) return unusable(name, problem);
  return { name, is: 'usable', endpoint: toEndpoint(cluster, user) };
}

function unusable(name: string, problem: string): KubeContext {
  return { name, is: 'unusable', problem: oneLine(problem) };
}

const ANONYMOUS: Field = { file: '', path: '', value: {} };

function checkServer(cluster: Field): string | null {
  const server = member(cluster, 'server');
  const url = text(server);
  if (url !== null && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return null;
  return `${server.path}: expected an https: URL, got ${url === null ? 'nothing' : JSON.stringify(url)}`;
}

/** The value may contain a password, so the message quotes only its scheme. */
function checkProxy(cluster: Field): string | null {
  const field = member(cluster, 'proxy-url');
  const url = text(field);
  if (url === null || isProxyUrl(url)) return null;
  const scheme = URL.canParse(url) ? `the scheme ${new URL(url).protocol}` : 'something else';
  return `${field.path}: expected an http:, https: or socks5: URL, got ${scheme}`;
}

function checkUser(user: Field): string | null {
  const unsupported = Object.keys(UNSUPPORTED).find((key) => isGiven(member(user, key).value));
  if (unsupported !== undefined) return `${user.path}.${unsupported}: ${UNSUPPORTED[unsupported]}`;
  const certificate = readContent(user, 'client-certificate');
  const key = readContent(user, 'client-key');
  if ((certificate === null) === (key === null)) return null;
  return `${user.path}: expected client-certificate and client-key together, got only one of them`;
}

const LOGIN = 'logins by command are not supported; use a token or a client certificate';
const IMPERSONATION = 'impersonation is not supported; use credentials of the user itself';

/** Fields of a user that change its identity. Ignoring them would mean acting as another user. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  exec: LOGIN,
  'auth-provider': LOGIN,
  as: IMPERSONATION,
  'as-uid': IMPERSONATION,
  'as-groups': IMPERSONATION,
  'as-user-extra': IMPERSONATION,
};

/** Whether a field has a value. Go treats empty strings, lists and maps like absent ones. */
function isGiven(value: unknown): boolean {
  if (value === null || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function toEndpoint(cluster: Field, user: Field): Endpoint {
  const username = text(member(user, 'username'));
  return {
    server: requiredText(member(cluster, 'server')),
    certificateAuthority: readContent(cluster, 'certificate-authority'),
    insecureSkipTlsVerify: flag(member(cluster, 'insecure-skip-tls-verify')),
    tlsServerName: text(member(cluster, 'tls-server-name')),
    token: readToken(user),
    clientCertificate: readContent(user, 'client-certificate'),
    clientKey: readContent(user, 'client-key'),
    proxy: text(member(cluster, 'proxy-url')),
    basic: username === null ? null : { username, password: text(member(user, 'password')) ?? '' },
  };
}

/** Reads `<key>-data` in base64, which takes precedence over the file named by `<key>`. */
function readContent(field: Field, key: string): Content | null {
  const data = text(member(field, `${key}-data`));
  if (data !== null) return { text: Buffer.from(data, 'base64').toString() };
  return toFile(member(field, key));
}

/** Reads `tokenFile`, which is renewed and therefore takes precedence over `token`. */
function readToken(user: Field): Content | null {
  const token = text(member(user, 'token'));
  return toFile(member(user, 'tokenFile')) ?? (token === null ? null : { text: token });
}

function toFile(field: Field): Content | null {
  const path = text(field);
  return path === null ? null : { file: resolve(dirname(field.file), path) };
}

/** A value of a parsed file with its path, so that errors can name it: `users[2].user.token`. */
export interface Field {
  readonly file: string;
  /** Path from the file's root; empty for the root itself. */
  readonly path: string;
  readonly value: unknown;
}

/** Member of an object; null when absent. Throws a {@link ProviderError} when the field is not an object. */
export function member(field: Field, key: string): Field {
  const { file, path, value } = field;
  if (!isRecord(value)) throw unexpected(field, 'a mapping');
  return { file, path: path === '' ? key : `${path}.${key}`, value: value[key] ?? null };
}

/** Whether a mapping has a key, even with the value null. */
export function has({ value }: Field, key: string): boolean {
  return isRecord(value) && Object.hasOwn(value, key);
}

/** Items of a list; empty when the field is null. */
export function items(field: Field): Field[] {
  const { file, path, value } = field;
  if (value === null) return [];
  if (!Array.isArray(value)) throw unexpected(field, 'a list');
  return value.map((item: unknown, index) => ({ file, path: `${path}[${index}]`, value: item }));
}

/** String in a field; null when it is absent, null or empty, which Go treats alike. */
export function text(field: Field): string | null {
  if (field.value === null || field.value === '') return null;
  if (typeof field.value !== 'string')
    throw unexpected(field, 'a text (in quotes, if it looks like a number)');
  return field.value;
}

/** String in a field that must not be empty. */
export function requiredText(field: Field): string {
  const found = text(field);
  if (found === null) throw unexpected(field, 'a text that is not empty');
  return found;
}

/** Boolean in a field; false when it is null. */ function flag(field: Field): boolean {
  if (field.value === null) return false;
  if (typeof field.value !== 'boolean') throw unexpected(field, 'true or false');
  return field.value;
}

/** The message contains the type of the value and never the value itself, which may be a secret. */
function unexpected({ file, path, value }: Field, expected: string): ProviderError {
  return new ProviderError(
    'config',
    `${file}: ${path === '' ? '' : `${path}: `}expected ${expected}, got ${typeName(value)}`,
  );
}

function typeName(value: unknown): string {
  if (value === null) return 'nothing';
  if (value === '') return 'an empty text';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`;
}
