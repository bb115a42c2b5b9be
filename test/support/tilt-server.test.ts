import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { expect, test } from 'vitest';
import { createTiltServer, type TiltServer } from './tilt-server.js';

const SESSIONS = '/apis/tilt.dev/v1alpha1/sessions';

function get(server: TiltServer, path: string, token = server.token): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const sent = request(`${server.url}${path}`, { agent: false, ca: server.tls.ca, headers }, resolve);
    sent.on('error', reject).end();
  });
}

test('the fake Tilt server measures how long a watcher that stops reading stalls a write', async () => {
  await using server = await createTiltServer();
  const watcher = await get(server, `${SESSIONS}?watch=1`);
  watcher.on('error', () => {});
  watcher.pause();
  let isDrained = false;
  // Larger than the buffers of both sockets.
  server.write(Buffer.alloc(32 * 1024 * 1024));
  const drained = server.drained().then(() => {
    isDrained = true;
  });
  (await get(server, '/version')).resume();
  expect(isDrained).toBe(false);
  const stalledMs = server.longestStallMs;
  expect(stalledMs).toBeGreaterThan(0);
  watcher.resume();
  await drained;
  expect(server.longestStallMs).toBeGreaterThan(stalledMs);
});

test('the fake Tilt server rejects a wrong token with 403, like Tilt, and reports its version', async () => {
  await using server = await createTiltServer();
  const rejected = await get(server, SESSIONS, 'wrong');
  rejected.resume();
  expect(rejected.statusCode).toBe(403);
  const version = await get(server, '/version');
  version.resume();
  expect(version.statusCode).toBe(200);
  expect([server.count('list'), server.count('version')]).toEqual([1, 1]);
});

test('the fake Tilt server can be closed twice', async () => {
  const server = await createTiltServer();
  await server.close();
  await server.close();
});
