import { expect, test } from 'vitest';
import { mergeKubeconfigs } from '../../../src/providers/tilt/kubeconfig.js';
import { findWebUrl } from '../../../src/providers/tilt/web-url.js';
import { formatKubeconfig } from '../../support/kubeconfig-file.js';
import { sharedTls } from '../../support/tls.js';

const API = 'https://127.0.0.1:42575';

test.each([
  ['tilt-default', API, 'http://localhost:10350'],
  ['tilt-10360', API, 'http://localhost:10360'],
  ['tilt-10360', 'https://[::1]:42575', 'http://localhost:10360'],
  ['tilt-10360', 'https://localhost:42575', 'http://localhost:10360'],
  ['tilt-0', API, null],
  ['tilt-99999', API, null],
  ['tilt-shop', API, null],
  ['kind-tilt-10360', API, null],
  ['tilt-default', 'https://10.1.2.3:6443', null],
  ['tilt-default', 'https://cluster.example', null],
])('the UI of a Tilt with the context %s and the API server %s is at %s', async (name, url, webUrl) => {
  const server = { url, token: 'x', tls: await sharedTls() };
  const content = formatKubeconfig({ [name]: { server } });
  const [context] = mergeKubeconfigs([{ path: 'config', content }]).contexts;
  expect(context && findWebUrl(context)).toBe(webUrl);
});
