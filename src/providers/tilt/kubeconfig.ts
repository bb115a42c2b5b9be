import { dirname, resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { oneLine } from '../../model/one-line.js';
import { type Field, flag, has, items, member, requiredText, text } from '../kubernetes/field.js';
import { ProviderError } from '../provider.js';
import { isTooDeep } from '../yaml-depth.js';

/** A kubeconfig, the file in which Tilt (and kubectl) keeps how to reach each API server. */
export interface Kubeconfig {
  /** Where it was read. */
  readonly path: string;
  readonly contexts: readonly KubeContext[];
  /**
   * The first of its lists (`clusters`, `contexts`, `users`) that is not there, not even as null; null when all are. Tilt
   * and kubectl always write all of them, `users` as the last: a file of theirs that lacks one was cut off.
   */
  readonly missing: string | null;
}

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
}

/** Content as it stands in the kubeconfig, or the absolute path of the file that has it. */
export type Content = { readonly text: string } | { readonly file: string };

/**
 * Parses a kubeconfig. Pure. Null and absent lists are empty, as Tilt leaves them when the last Tilt has ended. What is
 * wrong with one context only (a user that is not there, a login by command) makes only that context unusable.
 * Throws a {@link ProviderError} `config` for text that is no YAML or has another shape.
 *
 * @param path where the text is from; relative paths in it start from its folder
 */
export function parseKubeconfig(content: string, path: string): Kubeconfig {
  const root: Field = { file: path, path: '', value: parseYaml(content, path) ?? {} };
  const clusters = byName(root, 'clusters', 'cluster');
  const users = byName(root, 'users', 'user');
  const contexts = [...byName(root, 'contexts', 'context')];
  return {
    path,
    contexts: contexts.map(([name, context]) => contextOf(name, context, clusters, users)),
    missing: ['clusters', 'contexts', 'users'].find((list) => !has(root, list)) ?? null,
  };
}

function parseYaml(content: string, path: string): unknown {
  if (isTooDeep(content)) {
    throw new ProviderError('config', `${path}: expected a kubeconfig, got something nested far deeper`);
  }
  try {
    return parse(content, { logLevel: 'error' });
  } catch (error) {
    throw new ProviderError('config', `${path}: ${problemOf(error)}`);
  }
}

/** Why it cannot be read, in words that are not the file's own, where secrets may be: the library quotes it, also in its first line. */
function problemOf(error: unknown): string {
  if (error instanceof YAMLParseError) {
    const [place] = error.linePos ?? [];
    const where = place ? ` at line ${place.line}, column ${place.col}` : '';
    return `is not YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}${where}`;
  }
  const [text = ''] = error instanceof Error ? error.message.split(/[\n:]/) : [];
  return `cannot be used: ${text}`;
}

/** `[{name, <key>: {…}}, …]` as a map. A name used twice is refused, as kubectl does. */
function byName(root: Field, list: string, key: string): Map<string, Field> {
  const entries = new Map<string, Field>();
  for (const entry of items(member(root, list))) {
    const name = requiredText(member(entry, 'name'));
    const { file, path } = entry;
    if (entries.has(name))
      throw new ProviderError('config', `${file}: ${path}.name: "${name}" is there twice`);
    entries.set(name, orEmpty(member(entry, key)));
  }
  return entries;
}

/** An entry of a list of names whose value is null counts as an empty one. */
function orEmpty(field: Field): Field {
  return field.value === null ? { ...field, value: {} } : field;
}

function contextOf(
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
  const problem = serverProblem(cluster) ?? userProblem(user);
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

function userProblem(user: Field): string | null {
  for (const key of ['exec', 'auth-provider']) {
    if (member(user, key).value !== null) {
      return `${user.path}.${key}: logins by command are not supported; use a token or a client certificate`;
    }
  }
  const certificate = contentOf(user, 'client-certificate');
  const key = contentOf(user, 'client-key');
  if ((certificate === null) === (key === null)) return null;
  return `${user.path}: expected client-certificate and client-key together, got only one of them`;
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
