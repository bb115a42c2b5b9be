import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readServerAccess } from '../../../src/providers/tilt/credentials.js';
import type { Endpoint } from '../../../src/providers/tilt/kube-context.js';
import { createKubeconfigFolder } from '../../support/kubeconfig-file.js';

const PLAIN: Endpoint = {
  server: 'https://127.0.0.1:1',
  certificateAuthority: null,
  insecureSkipTlsVerify: false,
  tlsServerName: null,
  token: null,
  clientCertificate: null,
  clientKey: null,
  basic: null,
  proxy: null,
};

test('readServerAccess removes the line feed at the end of a token file', async () => {
  await using folder = await createKubeconfigFolder();
  const file = join(folder.folder, 'token');
  await writeFile(file, 'abc\n');
  const { headers } = await readServerAccess({ ...PLAIN, token: { file } });
  expect(headers).toEqual({ accept: 'application/json', authorization: 'Bearer abc' });
});

test('readServerAccess prefers a token to a name and password', async () => {
  const basic = { username: 'dev', password: 'pa:ss' };
  const both = await readServerAccess({ ...PLAIN, basic, token: { text: 'abc' } });
  expect(both.headers.authorization).toBe('Bearer abc');
  const only = await readServerAccess({ ...PLAIN, basic });
  expect(only.headers.authorization).toBe(`Basic ${btoa('dev:pa:ss')}`);
});

test('readServerAccess sends no credentials for an anonymous user', async () => {
  expect((await readServerAccess(PLAIN)).headers).toEqual({ accept: 'application/json' });
});

test('readServerAccess checks the certificate for an IP address, but does not send it as the server name', async () => {
  const byAddress = await readServerAccess({ ...PLAIN, tlsServerName: '10.1.2.3' });
  expect(byAddress.tls.servername).toBeUndefined();
  const byName = await readServerAccess({ ...PLAIN, tlsServerName: 'tilt.example' });
  expect(byName.tls.servername).toBe('tilt.example');
});

test.each([
  [
    'a token of two lines',
    { token: { text: 'a\nx-evil: b' } },
    "the kubeconfig's token: expected visible ASCII",
  ],
  ['an empty token', { token: { text: '\n' } }, "the kubeconfig's token: expected visible ASCII"],
  ['an invalid CA', { certificateAuthority: { text: 'hi' } }, 'certificate-authority: expected PEM'],
  [
    'an invalid client certificate',
    { clientCertificate: { text: 'hi' }, clientKey: { text: 'hi' } },
    'client-certificate and client-key: expected PEM',
  ],
  [
    'a file that is not there',
    { token: { file: '/nowhere/token' } },
    '/nowhere/token: cannot be read: ENOENT',
  ],
])('readServerAccess rejects %s as a config error', async (_what, broken, message) => {
  await expect(readServerAccess({ ...PLAIN, ...broken })).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining(message),
  });
});
