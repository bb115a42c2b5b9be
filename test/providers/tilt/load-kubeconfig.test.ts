import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  defaultKubeconfigPath,
  endpointOf,
  loadKubeconfig,
} from '../../../src/providers/tilt/load-kubeconfig.js';
import { createKubeconfigFolder, replaceFile } from '../../support/kubeconfig-file.js';
import { readFixture } from '../../support/recording.js';

test.each([
  [{}, '/home/dev/.tilt-dev/config'],
  [{ TILT_DEV_DIR: '/var/tilt' }, '/var/tilt/config'],
  [{ TILT_DEV_DIR: '/var/tilt', TILT_CONFIG: '/etc/tilt.yaml' }, '/etc/tilt.yaml'],
  [{ TILT_DEV_DIR: '', TILT_CONFIG: '' }, '/home/dev/.tilt-dev/config'],
])('with %o the kubeconfig of Tilt is %s', (env, expected) => {
  expect(defaultKubeconfigPath(env, '/home/dev')).toBe(expected);
});

test('reads a kubeconfig and finds the endpoint of a context', async () => {
  await using folder = await createKubeconfigFolder();
  await replaceFile(folder.path, readFixture('kubeconfig-running.yaml'));
  const kubeconfig = await loadKubeconfig(folder.path);
  expect(endpointOf(kubeconfig, 'tilt-10360').server).toBe('https://127.0.0.1:42575');
});

test('a context that is not there is an error that lists those that are', async () => {
  await using folder = await createKubeconfigFolder();
  await replaceFile(folder.path, readFixture('kubeconfig-running.yaml'));
  const kubeconfig = await loadKubeconfig(folder.path);
  expect(() => endpointOf(kubeconfig, 'kind')).toThrow(
    `${folder.path}: no context "kind"; there are: tilt-10360, tilt-default`,
  );
  expect(() => endpointOf({ path: 'x', contexts: [] }, 'kind')).toThrow(
    'x: no context "kind"; there are none',
  );
});

test('a context that cannot be used says why', () => {
  const contexts = [{ name: 'eks', is: 'unusable', problem: 'users[0].user.exec: no' } as const];
  expect(() => endpointOf({ path: 'x', contexts }, 'eks')).toThrow(
    'x: context "eks": users[0].user.exec: no',
  );
});

test('a file that is not there, or no file, is a config error in one line', async () => {
  await using folder = await createKubeconfigFolder();
  await expect(loadKubeconfig(folder.path)).rejects.toMatchObject({
    code: 'config',
    message: `${folder.path}: there is no such kubeconfig`,
  });
  await mkdir(folder.path);
  await expect(loadKubeconfig(folder.path)).rejects.toMatchObject({
    code: 'config',
    message: `${folder.path}: cannot be read: EISDIR`,
  });
});
