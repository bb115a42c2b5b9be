import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { defaultKubeconfigPaths, findTiltFolder } from '../../src/providers/tilt/kubeconfig.js';
import { commands } from './options-page.js';
import { blockOf, readPage } from './pages.js';

describe('the documented container image', () => {
  it('the image creates the folders that npm packs into, which npm does not create itself', () => {
    const dockerfile = blockOf('docs/deployment.md', 'dockerfile');
    const folders = [...dockerfile.matchAll(/--pack-destination (\S+)/g)].map(([, folder]) => folder);
    expect(folders).not.toEqual([]);
    for (const folder of folders) {
      const [before = ''] = dockerfile.split(`--pack-destination ${folder}`);
      expect(before).toMatch(new RegExp(`\\bmkdir (?:-p )?${folder}(?:\\s|$)`));
    }
  });
});

it('the documented container finds both the kubeconfig and the token in the mounted folder', () => {
  const { text } = readPage('docs/deployment.md');
  const [, folder = ''] = /--volume ~\/\.tilt-dev:([^:]+):ro/.exec(text) ?? [];
  const [, name = '', value = ''] = /docker run .*--env (TILT_[A-Z]+_?[A-Z]*)=(\S+)/.exec(text) ?? [];
  const env = { [name]: value };
  expect(defaultKubeconfigPaths(env, '/home/node', () => false)).toEqual([`${folder}/config`]);
  expect(findTiltFolder(env, '/home/node', () => false)).toBe(folder);
});

describe('the documented manifests for Kubernetes', () => {
  const [deployment, service] = parseAllDocuments(blockOf('docs/deployment.md', 'yaml')).map((document) =>
    document.toJS(),
  );
  const { spec, metadata } = deployment.spec.template;
  const [container] = spec.containers;

  it('the container has only options of the command', () => {
    const known = commands().find((command) => command.name() === 'serve')?.options ?? [];
    const [command, ...options] = container.args.map((text: string) => text.replace(/=.*/, ''));
    expect(command).toBe('serve');
    expect(options.filter((name: string) => !known.some(({ long }) => long === name))).toEqual([]);
  });

  it('the probes and the Service use the port of the container', () => {
    const [{ name, containerPort }] = container.ports;
    expect(containerPort).toBe(4_000);
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: name });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: name });
    expect(service.spec.ports[0].targetPort).toBe(name);
    expect(service.spec.selector).toEqual(metadata.labels);
    expect(deployment.spec.selector.matchLabels).toEqual(metadata.labels);
    expect(container.args).toContain(`--allow-host=${service.metadata.name}`);
  });

  it('the token is mounted where the gateway reads it, for its group only', () => {
    const [{ secret }] = spec.volumes;
    const [{ mountPath }] = container.volumeMounts;
    expect(container.args).toContain(`--token-file=${mountPath}/token`);
    expect(readPage('docs/deployment.md').text).toContain(
      `kubectl create secret generic ${secret.secretName} --from-literal=token=`,
    );
    expect(String(secret.defaultMode)).toMatch(/0$/);
  });
});
