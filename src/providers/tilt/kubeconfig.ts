import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { codeOf, isMissing } from '../../lib/errors.js';
import { ProviderError } from '../provider.js';
import { parseYaml, YamlError } from '../yaml.js';
import {
  type Endpoint,
  type Field,
  has,
  items,
  type KubeContext,
  member,
  requiredText,
  toContext,
} from './kube-context.js';
import type { Env } from './proxy.js';

/** A kubeconfig, in which Tilt and kubectl keep the address and credentials of each API server. */
export interface Kubeconfig {
  /** Its files, as a path list. */
  readonly path: string;
  readonly contexts: readonly KubeContext[];
  /**
   * Message about a list (`clusters`, `contexts`, `users`) that is absent from a file, not even null; null
   * when all are present. Tilt and kubectl always write all three, `users` last, so a file that lacks one was
   * truncated.
   */
  readonly truncation: string | null;
  /** Whether every file has all of its lists and ends with a line feed, as Tilt and kubectl write them. */
  readonly isComplete: boolean;
}

/** A kubeconfig file. */
export interface KubeconfigFile {
  /** Relative paths in the content start at its folder. */
  readonly path: string;
  readonly content: string;
}

/**
 * Returns the paths of Tilt's kubeconfig, resolved as Tilt does: `TILT_CONFIG` (a path list, like
 * `KUBECONFIG`), else `config` in the folder named by `TILT_DEV_DIR`, `WMDAEMON_HOME` or `WINDMILL_DIR`, else
 * in `~/.windmill` if that exists, else in `~/.tilt-dev`.
 *
 * @param home the user's home folder
 * @param exists whether a folder exists
 */
export function defaultKubeconfigPaths(
  env: Env,
  home: string,
  exists: (folder: string) => boolean,
): readonly string[] {
  const listed = (env.TILT_CONFIG ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return [...new Set(listed)];
  return [join(findTiltFolder(env, home, exists), 'config')];
}

/** Returns the folder of Tilt's own files, such as the token of its web server. Parameters as above. */
export function findTiltFolder(env: Env, home: string, exists: (folder: string) => boolean): string {
  const named = env.TILT_DEV_DIR || env.WMDAEMON_HOME || env.WINDMILL_DIR;
  if (named) return named;
  const windmill = join(home, '.windmill');
  return exists(windmill) ? windmill : join(home, '.tilt-dev');
}

/**
 * Reads a kubeconfig, which may consist of several files. Like client-go it skips missing files, but at least
 * one must exist. Throws a {@link ProviderError} `config` that names the file and, where possible, the field.
 */
export async function loadKubeconfig(paths: readonly string[]): Promise<Kubeconfig> {
  const files = (await Promise.all(paths.map(readIfExists))).filter((file) => file !== null);
  if (files.length > 0) return mergeKubeconfigs(files);
  throw new ProviderError('config', `${paths.join(delimiter)}: there is no such kubeconfig`);
}

async function readIfExists(path: string): Promise<KubeconfigFile | null> {
  try {
    return { path, content: await readFile(path, 'utf8') };
  } catch (error) {
    if (isMissing(error)) return null;
    throw new ProviderError('config', `${path}: cannot be read: ${codeOf(error)}`);
  }
}

/** Finds the endpoint of a context. Throws a {@link ProviderError} `config` with the existing contexts. */
export function findEndpoint(kubeconfig: Pick<Kubeconfig, 'path' | 'contexts'>, name: string): Endpoint {
  const { path, contexts } = kubeconfig;
  const context = contexts.find((candidate) => candidate.name === name);
  if (!context) {
    const names = contexts.map((candidate) => candidate.name).join(', ');
    const existing = names ? `existing contexts: ${names}` : 'it has no contexts';
    throw new ProviderError('config', `${path}: no context "${name}"; ${existing}`);
  }
  if (context.is === 'unusable') {
    throw new ProviderError('config', `${path}: context "${name}": ${context.problem}`);
  }
  return context.endpoint;
}

/**
 * Parses kubeconfig files and merges them as client-go does: the first cluster, user or context of a name
 * counts. Null and absent lists are empty; Tilt leaves null when the last Tilt has ended. A problem of one
 * context (a missing user, a login by command) makes only that context unusable. Throws a
 * {@link ProviderError} `config` for text that is not YAML or has another structure.
 */
export function mergeKubeconfigs(files: readonly KubeconfigFile[]): Kubeconfig {
  const roots = files.map(
    ({ path, content }): Field => ({ file: path, path: '', value: parseFile(content, path) ?? {} }),
  );
  const clusters = firstByName(roots, 'clusters', 'cluster');
  const users = firstByName(roots, 'users', 'user');
  const contexts = firstByName(roots, 'contexts', 'context');
  const truncation = roots.flatMap(findTruncation)[0] ?? null;
  return {
    path: files.map(({ path }) => path).join(delimiter),
    contexts: [...contexts].map(([name, context]) => toContext(name, context, clusters, users)),
    truncation,
    isComplete: truncation === null && files.every(({ content }) => content.endsWith('\n')),
  };
}

function findTruncation(root: Field): string[] {
  const missing = ['clusters', 'contexts', 'users'].find((list) => !has(root, list));
  return missing === undefined
    ? []
    : [`${root.file}: ${missing}: expected a list, got nothing; is the file truncated?`];
}

/** Messages quote nothing of the file, because it holds secrets. */
function parseFile(content: string, path: string): unknown {
  const documents = parseDocuments(content, path);
  if (documents.length <= 1) return documents[0];
  throw new ProviderError('config', `${path}: expected one YAML document, got ${documents.length}`);
}

function parseDocuments(content: string, path: string): unknown[] {
  try {
    return parseYaml(content);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const { reason, position } = error;
    const message =
      position === null
        ? `cannot be used: ${reason}`
        : `is not YAML: ${reason} at line ${position.line}, column ${position.col}`;
    throw new ProviderError('config', `${path}: ${message}`);
  }
}

/** Entries of a list in all files, by name. The first of a name counts. */
function firstByName(roots: readonly Field[], list: string, key: string): Map<string, Field> {
  const first = new Map<string, Field>();
  for (const [name, field] of roots.flatMap((root) => [...byName(root, list, key)])) {
    if (!first.has(name)) first.set(name, field);
  }
  return first;
}

/** Converts `[{name, <key>: {…}}, …]` to a map. Like kubectl it rejects a name that occurs twice. */
function byName(root: Field, list: string, key: string): Map<string, Field> {
  const entries = new Map<string, Field>();
  for (const entry of items(member(root, list))) {
    const name = requiredText(member(entry, 'name'));
    const { file, path } = entry;
    if (entries.has(name)) {
      throw new ProviderError('config', `${file}: ${path}.name: "${name}" is there twice`);
    }
    entries.set(name, orEmpty(member(entry, key)));
  }
  return entries;
}

/** Treats null as an empty mapping. */
function orEmpty(field: Field): Field {
  return field.value === null ? { ...field, value: {} } : field;
}
