import { readFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { codeOf, isMissing } from '../../lib/errors.js';
import { ProviderError } from '../provider.js';
import type { Endpoint } from './kube-context.js';
import { type Kubeconfig, type KubeconfigFile, mergeKubeconfigs } from './kubeconfig.js';

/**
 * Reads a kubeconfig, which may be a list of files: those that do not exist are skipped, as client-go does, but one must.
 * Throws a {@link ProviderError} `config` that names the file and, where it can, the field.
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

/** The endpoint of a context. Throws a {@link ProviderError} `config` that lists the contexts there are. */
export function endpointOf(kubeconfig: Pick<Kubeconfig, 'path' | 'contexts'>, name: string): Endpoint {
  const { path, contexts } = kubeconfig;
  const context = contexts.find((candidate) => candidate.name === name);
  if (!context) {
    const names = contexts.map((candidate) => candidate.name).join(', ');
    throw new ProviderError(
      'config',
      `${path}: no context "${name}"; there ${names ? `are: ${names}` : 'are none'}`,
    );
  }
  if (context.is === 'unusable')
    throw new ProviderError('config', `${path}: context "${name}": ${context.problem}`);
  return context.endpoint;
}
