import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  defaultKubeconfigPaths,
  findEndpoint,
  loadKubeconfig,
  mergeKubeconfigs,
} from '../../../src/providers/tilt/kubeconfig.js';
import { createKubeconfigFolder, replaceFile } from '../../support/kubeconfig-file.js';
import { readFixture } from '../../support/recording.js';

describe('defaultKubeconfigPaths', () => {
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
  ])('returns, with the environment %o and the folders %o, the paths %o', (env, folders, expected) => {
    const exists = (folder: string) => folders.some((known) => known === folder);
    expect(defaultKubeconfigPaths(env, '/home/dev', exists)).toEqual(expected);
  });
});

describe('loadKubeconfig and findEndpoint', () => {
  test('read a kubeconfig and find the endpoint of a context', async () => {
    await using folder = await createKubeconfigFolder();
    await replaceFile(folder.path, readFixture('kubeconfig-running.yaml'));
    const kubeconfig = await loadKubeconfig([folder.path]);
    expect(findEndpoint(kubeconfig, 'tilt-10360').server).toBe('https://127.0.0.1:42575');
  });

  test('report a missing context with the existing ones', async () => {
    await using folder = await createKubeconfigFolder();
    await replaceFile(folder.path, readFixture('kubeconfig-running.yaml'));
    const kubeconfig = await loadKubeconfig([folder.path]);
    expect(() => findEndpoint(kubeconfig, 'kind')).toThrow(
      `${folder.path}: no context "kind"; existing contexts: tilt-10360, tilt-default`,
    );
    expect(() => findEndpoint({ path: 'x', contexts: [] }, 'kind')).toThrow(
      'x: no context "kind"; it has no contexts',
    );
  });

  test('report the problem of an unusable context', () => {
    const contexts = [{ name: 'eks', is: 'unusable', problem: 'users[0].user.exec: no' } as const];
    expect(() => findEndpoint({ path: 'x', contexts }, 'eks')).toThrow(
      'x: context "eks": users[0].user.exec: no',
    );
  });

  test('report a missing file, or no file, as a config error on one line', async () => {
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

  describe('several kubeconfig files, as in TILT_CONFIG', () => {
    test('are merged: the first of each name counts, and a context may use the cluster of another file', async () => {
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
      expect(findEndpoint(kubeconfig, 'a')).toMatchObject({
        server: 'https://d',
        certificateAuthority: { file: join(folder.folder, 'ca.pem') },
      });
      expect(findEndpoint(kubeconfig, 'b').server).toBe('https://first');
      expect(kubeconfig).toMatchObject({ truncation: null, isComplete: true });
    });

    test('may be missing, except one', async () => {
      await using folder = await createKubeconfigFolder();
      await replaceFile(folder.path, readFixture('kubeconfig-running.yaml'));
      const missing = `${folder.path}-missing`;
      expect((await loadKubeconfig([missing, folder.path])).contexts).toHaveLength(2);
      await expect(loadKubeconfig([missing, `${missing}-too`])).rejects.toThrow(
        `${missing}:${missing}-too: there is no such kubeconfig`,
      );
    });

    test('are rejected together when one cannot be read, with the name of that file', async () => {
      await using folder = await createKubeconfigFolder();
      const [good, bad] = [`${folder.path}-good`, `${folder.path}-bad`];
      await replaceFile(good, readFixture('kubeconfig-running.yaml'));
      await replaceFile(bad, 'contexts: 5\n');
      await expect(loadKubeconfig([good, bad])).rejects.toThrow(
        `${bad}: contexts: expected a list, got a number`,
      );
    });
  });
});

describe('a kubeconfig file', () => {
  const parse = (text: string) => mergeKubeconfigs([{ path: '/home/dev/.tilt-dev/config', content: text }]);

  /** A kubeconfig of one context `c`, with more fields in its cluster and user, as flow mappings. */
  function single({ server = 'https://127.0.0.1:1', cluster = '', user = '' } = {}): string {
    return `
clusters: [{name: c, cluster: {server: "${server}", ${cluster}}}]
users: [{name: u, user: {${user}}}]
contexts: [{name: c, context: {cluster: c, user: u}}]`;
  }

  function endpoint(text: string) {
    const [context] = parse(text).contexts;
    if (context?.is !== 'usable') throw new Error(`not usable: ${context?.problem}`);
    return context.endpoint;
  }

  function problem(text: string) {
    const [context] = parse(text).contexts;
    return context?.is === 'unusable' ? context.problem : null;
  }

  describe('the file that Tilt writes', () => {
    test('has a context for each running Tilt', () => {
      const { contexts } = parse(readFixture('kubeconfig-running.yaml'));
      expect(contexts.map(({ name }) => name)).toEqual(['tilt-10360', 'tilt-default']);
      expect(contexts[1]).toEqual({
        name: 'tilt-default',
        is: 'usable',
        endpoint: {
          server: 'https://127.0.0.1:39871',
          certificateAuthority: { text: 'REDACTED-CA-PEM-2' },
          insecureSkipTlsVerify: false,
          tlsServerName: null,
          token: { text: 'REDACTED-TOKEN-2' },
          clientCertificate: null,
          clientKey: null,
          basic: null,
          proxy: null,
        },
      });
    });

    test('has no contexts after the last Tilt has ended and left null lists', () => {
      expect(parse(readFixture('kubeconfig-stopped.yaml')).contexts).toEqual([]);
    });

    test('may be empty', () => {
      expect(parse('').contexts).toEqual([]);
    });
  });

  describe('the fields of kubectl', () => {
    test('have file paths relative to the folder of the kubeconfig', () => {
      const found = endpoint(
        single({
          cluster: 'certificate-authority: ca.pem',
          user: 'tokenFile: /run/token, client-certificate: keys/c.pem, client-key: ../k.pem',
        }),
      );
      expect(found).toMatchObject({
        certificateAuthority: { file: '/home/dev/.tilt-dev/ca.pem' },
        token: { file: '/run/token' },
        clientCertificate: { file: '/home/dev/.tilt-dev/keys/c.pem' },
        clientKey: { file: '/home/dev/k.pem' },
      });
    });

    test('prefer data in the kubeconfig to a file name', () => {
      const found = endpoint(
        single({ cluster: 'certificate-authority: ca.pem, certificate-authority-data: aGk=' }),
      );
      expect(found.certificateAuthority).toEqual({ text: 'hi' });
    });

    test('prefer a token file, which is renewed, to a token', () => {
      expect(endpoint(single({ user: 'token: old, tokenFile: /run/token' })).token).toEqual({
        file: '/run/token',
      });
    });

    test('include the server name, the disabled verification and a password', () => {
      const found = endpoint(
        single({
          cluster: 'tls-server-name: api.example, insecure-skip-tls-verify: true',
          user: 'username: dev, password: secret',
        }),
      );
      expect(found).toMatchObject({
        tlsServerName: 'api.example',
        insecureSkipTlsVerify: true,
        basic: { username: 'dev', password: 'secret' },
      });
    });

    test('allow a context without a user, which is anonymous', () => {
      const text = `{clusters: [{name: c, cluster: {server: "http://h"}}], contexts: [{name: c, context: {cluster: c}}]}`;
      expect(endpoint(text)).toMatchObject({ server: 'http://h', token: null });
    });
  });

  test('accepts a user with empty fields for impersonation', () => {
    expect(problem(single({ user: 'token: abc, as: "", as-groups: []' }))).toBeNull();
  });

  describe('a problem of one context makes only that one unusable', () => {
    test.each([
      [
        'a login by command',
        single({ user: 'exec: {command: aws}' }),
        'users[0].user.exec: logins by command are not supported; use a token or a client certificate',
      ],
      [
        'a login by provider',
        single({ user: 'auth-provider: {name: gcp}' }),
        'users[0].user.auth-provider: logins by command are not supported; use a token or a client certificate',
      ],
      ...['as: admin', 'as-uid: "7"', 'as-groups: [admins]', 'as-user-extra: {scopes: [all]}'].map(
        (field) => [
          `impersonation by ${field}`,
          single({ user: `token: abc, ${field}` }),
          `users[0].user.${field.replace(/:.*/, '')}: impersonation is not supported; use credentials of the user itself`,
        ],
      ),
      [
        'a proxy of another kind',
        single({ cluster: 'proxy-url: "ftp://me:secret@proxy"' }),
        'clusters[0].cluster.proxy-url: expected an http:, https: or socks5: URL, got the scheme ftp:',
      ],
      [
        'a proxy without a scheme',
        single({ cluster: 'proxy-url: "proxy.example"' }),
        'clusters[0].cluster.proxy-url: expected an http:, https: or socks5: URL, got something else',
      ],
      [
        'a certificate without its key',
        single({ user: 'client-certificate: c.pem' }),
        'users[0].user: expected client-certificate and client-key together, got only one of them',
      ],
      [
        'an invalid address',
        single({ server: 'localhost' }),
        'clusters[0].cluster.server: expected an https: URL, got "localhost"',
      ],
      [
        'no address',
        single({ server: '' }),
        'clusters[0].cluster.server: expected an https: URL, got nothing',
      ],
      ['no cluster', '{contexts: [{name: c, context: {cluster: nope}}]}', 'there is no cluster "nope"'],
      [
        'no user',
        '{clusters: [{name: c, cluster: {server: "https://h"}}], contexts: [{name: c, context: {cluster: c, user: u}}]}',
        'there is no user "u"',
      ],
      ['nothing at all', '{contexts: [{name: c, context: null}]}', 'there is no cluster ""'],
    ])('%s', (_what, text, expected) => {
      expect(problem(text)).toBe(expected);
    });
  });

  describe('a file with another structure is rejected on one line, with the field and no secret', () => {
    test.each([
      ['hello', 'expected a mapping, got a text'],
      ['[]', 'expected a mapping, got a list'],
      ['contexts: 5', 'contexts: expected a list, got a number'],
      ['contexts: [tilt]', 'contexts[0]: expected a mapping, got a text'],
      ['contexts: [{}]', 'contexts[0].name: expected a text that is not empty, got nothing'],
      ['contexts: [{name: a}, {name: a}]', 'contexts[1].name: "a" is there twice'],
      [
        single({ cluster: 'insecure-skip-tls-verify: "no"' }),
        'clusters[0].cluster.insecure-skip-tls-verify: expected true or false, got a text',
      ],
      [
        single({ user: 'token: 1234567' }),
        'users[0].user.token: expected a text (in quotes, if it looks like a number), got a number',
      ],
    ])('%s', (text, expected) => {
      expect(() => parse(text)).toThrow(
        expect.objectContaining({ code: 'config', message: `/home/dev/.tilt-dev/config: ${expected}` }),
      );
    });

    test.each([
      ['a text without its end', 'users:\n- name: a\n  user: {token: "s3cret\n'],
      ['a block that begins wrongly', '>{"users":[{"name":"a","user":{"token":"s3cret"}}]}'],
      ['a name twice', 'a: {s3cret: 1, s3cret: 2}'],
      ['an alias within itself', 'a: &s3cret {b: *s3cret}'],
      ['more aliases than are read', `a: &s3cret 1\nb: [${'*s3cret, '.repeat(1_000)}]`],
    ])('rejects text that is not YAML, with its position and without its content: %s', (_, broken) => {
      expect(() => parse(broken)).toThrow(
        /^\/home\/dev\/\.tilt-dev\/config: is not YAML: .* at line \d+, column \d+$/,
      );
      expect(() => parse(broken)).not.toThrow(/s3cret/);
    });

    test('rejects a text of more than 4 MiB before it is parsed', () => {
      expect(() => parse(`a: ${'x'.repeat(2 ** 22)}`)).toThrow(
        /config: cannot be used: expected at most 4 MiB of YAML$/,
      );
    });

    test('rejects an alias without an anchor, without its name, which may be an unquoted secret', () => {
      expect(() => parse('users: [{name: a, user: {token: *s3cret}}]')).toThrow(
        /cannot be used: Unresolved alias/,
      );
      expect(() => parse('users: [{name: a, user: {token: *s3cret}}]')).not.toThrow(/s3cret/);
    });
  });
});
