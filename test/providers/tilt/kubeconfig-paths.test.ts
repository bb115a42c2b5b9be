import { expect, test } from 'vitest';
import { defaultKubeconfigPaths } from '../../../src/providers/tilt/kubeconfig-paths.js';

test.each([
  [{}, [], ['/home/dev/.tilt-dev/config']],
  [{}, ['/home/dev/.windmill'], ['/home/dev/.windmill/config']],
  [{ WINDMILL_DIR: '/w' }, ['/home/dev/.windmill'], ['/w/config']],
  [{ WINDMILL_DIR: '/w', WMDAEMON_HOME: '/d' }, [], ['/d/config']],
  [{ WINDMILL_DIR: '/w', WMDAEMON_HOME: '/d', TILT_DEV_DIR: '/t' }, [], ['/t/config']],
  [{ TILT_DEV_DIR: '/t', TILT_CONFIG: '/etc/tilt.yaml' }, [], ['/etc/tilt.yaml']],
  [{ TILT_CONFIG: '/a:/b:/a::' }, [], ['/a', '/b']],
  [{ TILT_CONFIG: ':' }, [], ['/home/dev/.tilt-dev/config']],
  [{ TILT_DEV_DIR: '', TILT_CONFIG: '', WMDAEMON_HOME: '' }, [], ['/home/dev/.tilt-dev/config']],
])('with the environment %o and the folders %o the kubeconfig of Tilt is %o', (env, folders, expected) => {
  const exists = (folder: string) => folders.some((known) => known === folder);
  expect(defaultKubeconfigPaths(env, '/home/dev', exists)).toEqual(expected);
});
