import { delimiter, join } from 'node:path';

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * The files of Tilt's kubeconfig, resolved as Tilt itself does: `TILT_CONFIG` (a path list, as `KUBECONFIG`), else `config` in
 * the folder named by `TILT_DEV_DIR`, `WMDAEMON_HOME` or `WINDMILL_DIR`, else in `~/.windmill` if that exists, else in
 * `~/.tilt-dev`.
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
  return [join(tiltFolder(env, home, exists), 'config')];
}

function tiltFolder(env: Env, home: string, exists: (folder: string) => boolean): string {
  const named = env.TILT_DEV_DIR || env.WMDAEMON_HOME || env.WINDMILL_DIR;
  if (named) return named;
  const windmill = join(home, '.windmill');
  return exists(windmill) ? windmill : join(home, '.tilt-dev');
}
