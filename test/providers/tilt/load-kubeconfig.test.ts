import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { endpointOf, loadKubeconfig } from '../../../src/providers/tilt/load-kubeconfig.js';
import { createKubeconfigFolder, replaceFile } from '../../support/kubeconfig-file.js';
import { readFixture } from '../../support/recording.js';

test('reads a kubeconfig and finds the endpoint of a context', async () => {
  await using folder = await createKubeconfigFolder();
  await replaceFile(folder.path, readFixture('kubeconfig-running.yaml'));
  const kubeconfig = await loadKubeconfig([folder.path]);
  expect(endpointOf(kubeconfig, 'tilt-10360').server).toBe('https://127.0.0.1:42575');
});

test('a context that is not there is an error that lists those that are', async () => {
  await using folder = await createKubeconfigFolder();
  await replaceFile(folder.path, readFixture('kubeconfig-running.yaml'));
  const kubeconfig = await loadKubeconfig([folder.path]);
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
  await expect(loadKubeconfig([folder.path])).rejects.toMatchObject({
    code: 'config',
    message: `${folder.path}: there is no such kubeconfig`,
  });
  await mkdir(folder.path);
  await expect(loadKubeconfig([folder.path])).rejects.toMatchObject({
    code: 'config',
    message: `${folder.path}: cannot be read: EISDIR`,
  });
});

describe('several files, as in TILT_CONFIG', () => {
  test('are merged: of each name the first counts, and a context may use the cluster of another file', async () => {
    await using folder = await createKubeconfigFolder();
    const [first, second] = [`${folder.path}-1`, `${folder.path}-2`];
    await replaceFile(
      first,
      'clusters: [{name: c, cluster: {server: "https://first"}}]\ncontexts: [{name: a, context: {cluster: d}}]\nusers: []\n',
    );
    await replaceFile(
      second,
      'clusters: [{name: c, cluster: {server: "https://second"}}, {name: d, cluster: {server: "https://d", certificate-authority: ca.pem}}]\n' +
        'contexts: [{name: a, context: {cluster: c}}, {name: b, context: {cluster: c}}]\nusers: null\n',
    );
    const kubeconfig = await loadKubeconfig([first, second]);
    expect(kubeconfig.contexts.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(endpointOf(kubeconfig, 'a')).toMatchObject({
      server: 'https://d',
      certificateAuthority: { file: join(folder.folder, 'ca.pem') },
    });
    expect(endpointOf(kubeconfig, 'b').server).toBe('https://first');
    expect(kubeconfig).toMatchObject({ cutOff: null, isComplete: true });
  });

  test('that do not exist are skipped, but one must exist', async () => {
    await using folder = await createKubeconfigFolder();
    await replaceFile(folder.path, readFixture('kubeconfig-running.yaml'));
    const missing = `${folder.path}-missing`;
    expect((await loadKubeconfig([missing, folder.path])).contexts).toHaveLength(2);
    await expect(loadKubeconfig([missing, `${missing}-too`])).rejects.toThrow(
      `${missing}:${missing}-too: there is no such kubeconfig`,
    );
  });

  test('that cannot be read make the whole unreadable, with the name of the file', async () => {
    await using folder = await createKubeconfigFolder();
    const [good, bad] = [`${folder.path}-good`, `${folder.path}-bad`];
    await replaceFile(good, readFixture('kubeconfig-running.yaml'));
    await replaceFile(bad, 'contexts: 5\n');
    await expect(loadKubeconfig([good, bad])).rejects.toThrow(
      `${bad}: contexts: expected a list, got a number`,
    );
  });
});
