import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { KubeContext } from '../../src/providers/tilt/kube-context.js';
import { mergeKubeconfigs } from '../../src/providers/tilt/kubeconfig.js';
import { readFixture } from './recording.js';
import { REMOVAL } from './temporary-folder.js';
import type { TiltServer } from './tilt-server.js';

/** An entry of a kubeconfig: a running server, or the address of one. */
export interface KubeconfigEntry {
  /** URL, CA and token. */
  readonly server: Pick<TiltServer, 'url' | 'token' | 'tls'>;
  /** Fields of `cluster` to add; undefined removes a field. */
  readonly cluster?: Readonly<Record<string, unknown>>;
  /** Fields of `user` to add; undefined removes a field. */
  readonly user?: Readonly<Record<string, unknown>>;
}

/** Formats a kubeconfig as Tilt writes it, with one entry per context name. */
export function formatKubeconfig(entries: Readonly<Record<string, KubeconfigEntry | TiltServer>>): string {
  const all = Object.entries(entries).map(([name, entry]) => ({
    name,
    ...('server' in entry ? entry : { server: entry }),
  }));
  const config = {
    apiVersion: 'v1',
    clusters: all.map((entry) => ({ cluster: formatCluster(entry), name: entry.name })),
    contexts: all.map(({ name }) => ({ context: { cluster: name, user: name }, name })),
    'current-context': '',
    kind: 'Config',
    users: all.map((entry) => ({ name: entry.name, user: { token: entry.server.token, ...entry.user } })),
  };
  return stringify(config, { indentSeq: false });
}

/** Writes a kubeconfig atomically: a reader sees either the old or the new content. */
export function writeKubeconfig(
  path: string,
  entries: Readonly<Record<string, KubeconfigEntry | TiltServer>>,
): Promise<void> {
  return replaceFile(path, formatKubeconfig(entries));
}

/** Writes the kubeconfig that Tilt leaves after the last Tilt has ended: its lists are null. */
export function writeStoppedKubeconfig(path: string): Promise<void> {
  return replaceFile(path, readFixture('kubeconfig-stopped.yaml'));
}

/** Parses a kubeconfig with this single entry and returns its context. */
export function parseContext(entry: KubeconfigEntry | TiltServer, name = 'tilt-default'): KubeContext {
  const content = formatKubeconfig({ [name]: entry });
  const [context] = mergeKubeconfigs([{ path: 'config', content }]).contexts;
  if (!context) throw new Error('Expected a context.');
  return context;
}

/** Creates or replaces a file atomically. */
export async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

/** Creates a temporary folder and returns the path for a kubeconfig in it. */
export async function createKubeconfigFolder(): Promise<{
  readonly folder: string;
  readonly path: string;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'tilt-dev-'));
  return {
    folder,
    path: join(folder, 'config'),
    [Symbol.asyncDispose]: () => rm(folder, REMOVAL),
  };
}

function formatCluster({ server, cluster }: KubeconfigEntry): Readonly<Record<string, unknown>> {
  const ca = Buffer.from(server.tls.ca).toString('base64');
  return { 'certificate-authority-data': ca, server: server.url, ...cluster };
}
