import { delimiter } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { type Field, has, items, member, requiredText } from '../kubernetes/field.js';
import { MAX_YAML_LENGTH } from '../limits.js';
import { ProviderError } from '../provider.js';
import { isTooDeep } from '../yaml-depth.js';
import { createYamlCheck, type YamlProblem } from '../yaml-problem.js';
import { contextOf, type KubeContext } from './kube-context.js';

/** A kubeconfig, the file in which Tilt (and kubectl) keeps how to reach each API server. */
export interface Kubeconfig {
  /** Its files, as a path list. */
  readonly path: string;
  readonly contexts: readonly KubeContext[];
  /**
   * Which list (`clusters`, `contexts`, `users`) of which file does not exist, not even as null; null when all do. Tilt and
   * kubectl always write all of them, `users` as the last: a file of theirs that lacks one was cut off.
   */
  readonly cutOff: string | null;
  /** Whether every file has all of its lists and ends with a line end, as Tilt and kubectl write them. */
  readonly isComplete: boolean;
}

/** The text of a kubeconfig file. */
export interface KubeconfigFile {
  /** Relative paths in the text start from its folder. */
  readonly path: string;
  readonly content: string;
}

/** Parses one kubeconfig file; see {@link mergeKubeconfigs}. */
export function parseKubeconfig(content: string, path: string): Kubeconfig {
  return mergeKubeconfigs([{ path, content }]);
}

/**
 * Parses kubeconfig files and merges them as client-go does: of clusters, users and contexts, the first of a name counts.
 * Null and absent lists are empty, as Tilt leaves them when the last Tilt has ended. What is wrong with one context only (a
 * user that does not exist, a login by command) makes only that context unusable.
 * Throws a {@link ProviderError} `config` for text that is not YAML or has another shape.
 */
export function mergeKubeconfigs(files: readonly KubeconfigFile[]): Kubeconfig {
  const roots = files.map(
    ({ path, content }): Field => ({ file: path, path: '', value: parseYaml(content, path) ?? {} }),
  );
  const clusters = firstByName(roots, 'clusters', 'cluster');
  const users = firstByName(roots, 'users', 'user');
  const contexts = firstByName(roots, 'contexts', 'context');
  const cutOff = roots.flatMap(cutOffIn)[0] ?? null;
  return {
    path: files.map(({ path }) => path).join(delimiter),
    contexts: [...contexts].map(([name, context]) => contextOf(name, context, clusters, users)),
    cutOff,
    isComplete: cutOff === null && files.every(({ content }) => content.endsWith('\n')),
  };
}

function cutOffIn(root: Field): string[] {
  const missing = ['clusters', 'contexts', 'users'].find((list) => !has(root, list));
  return missing === undefined
    ? []
    : [`${root.file}: ${missing}: expected a list, got nothing; is it cut off?`];
}

function parseYaml(content: string, path: string): unknown {
  if (content.length > MAX_YAML_LENGTH)
    throw new ProviderError('config', `${path}: expected at most ${MAX_YAML_LENGTH / 2 ** 20} MiB of YAML`);
  if (isTooDeep(content))
    throw new ProviderError('config', `${path}: expected a kubeconfig, got something nested far deeper`);
  const lineCounter = new LineCounter();
  const options = { prettyErrors: false, uniqueKeys: false, logLevel: 'error', lineCounter } as const;
  const document = parseDocument(content, options);
  const problem = problemOf(document);
  if (problem !== null) {
    const { line, col } = lineCounter.linePos(problem.offset);
    const message = `${path}: is not YAML: ${problem.message} at line ${line}, column ${col}`;
    throw new ProviderError('config', message);
  }
  try {
    return document.toJS({ maxAliasCount: -1 });
  } catch (error) {
    throw new ProviderError('config', `${path}: cannot be used: ${reasonOf(error)}`);
  }
}

/** Why it cannot be read, in words that are not the file's own, where secrets may be: the library quotes it, also in its first line. */
function problemOf(document: Document.Parsed): YamlProblem | null {
  const [error] = document.errors;
  if (error === undefined) return createYamlCheck()(document);
  return { offset: error.pos[0], message: error.code.toLowerCase().replaceAll('_', ' ') };
}

function reasonOf(error: unknown): string {
  const [text = ''] = error instanceof Error ? error.message.split(/[\n:]/) : [];
  return text;
}

/** The entries of a list in all files; the first of a name counts. */
function firstByName(roots: readonly Field[], list: string, key: string): Map<string, Field> {
  const first = new Map<string, Field>();
  for (const [name, field] of roots.flatMap((root) => [...byName(root, list, key)])) {
    if (!first.has(name)) first.set(name, field);
  }
  return first;
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
