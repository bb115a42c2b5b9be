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

test('a token of a file is read without the newline at its end', async () => {
  await using folder = await createKubeconfigFolder();
  const file = join(folder.folder, 'token');
  await writeFile(file, 'abc\n');
  const { headers } = await readServerAccess({ ...PLAIN, token: { file } });
  expect(headers).toEqual({ accept: 'application/json', authorization: 'Bearer abc' });
});

test('a token counts for more than a name and password', async () => {
  const basic = { username: 'dev', password: 'pa:ss' };
  const both = await readServerAccess({ ...PLAIN, basic, token: { text: 'abc' } });
  expect(both.headers.authorization).toBe('Bearer abc');
  const only = await readServerAccess({ ...PLAIN, basic });
  expect(only.headers.authorization).toBe(`Basic ${btoa('dev:pa:ss')}`);
});

test('who has neither is anonymous', async () => {
  expect((await readServerAccess(PLAIN)).headers).toEqual({ accept: 'application/json' });
});

test('an address to be checked for in the certificate is not sent as the name of the server', async () => {
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
  ['a CA that is none', { certificateAuthority: { text: 'hi' } }, 'certificate-authority: expected PEM'],
  [
    'a client certificate that is none',
    { clientCertificate: { text: 'hi' }, clientKey: { text: 'hi' } },
    'client-certificate and client-key: expected PEM',
  ],
  [
    'a file that is not there',
    { token: { file: '/nowhere/token' } },
    '/nowhere/token: cannot be read: ENOENT',
  ],
])('%s is a config error', async (_what, broken, message) => {
  await expect(readServerAccess({ ...PLAIN, ...broken })).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining(message),
  });
});
