import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProviderError } from '../provider.js';
import { type Endpoint, type Kubeconfig, parseKubeconfig } from './kubeconfig.js';

/**
 * Where Tilt keeps its kubeconfig: `TILT_CONFIG`, else `config` in `TILT_DEV_DIR`, else `~/.tilt-dev/config`. Pure.
 *
 * @param home the user's home folder
 */
export function defaultKubeconfigPath(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  return env.TILT_CONFIG || join(env.TILT_DEV_DIR || join(home, '.tilt-dev'), 'config');
}

/** Reads a kubeconfig. Throws a {@link ProviderError} `config` that names the file and, where it can, the field. */
export async function loadKubeconfig(path: string): Promise<Kubeconfig> {
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const what =
      error.code === 'ENOENT'
        ? 'there is no such kubeconfig'
        : `cannot be read: ${error.code ?? error.message}`;
    throw new ProviderError('config', `${path}: ${what}`);
  });
  return parseKubeconfig(content, path);
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
