import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readChanges } from '../../support/change-reader.js';
import { followTilt } from '../../support/follow-tilt.js';
import { createKubeconfigFolder, type KubeconfigEntry } from '../../support/kubeconfig-file.js';
import { createManualClock } from '../../support/manual-clock.js';
import { sessionJson } from '../../support/session-json.js';
import { createTiltServer, type TiltServer, type TiltServerOptions } from '../../support/tilt-server.js';
import { createTls } from '../../support/tls.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a provider', () => {
  test('is named after its context, and so are its Sessions, unless it is given a name', async () => {
    await using server = await createTiltServer({ sessions: [sessionJson()] });
    await using tilt = await followTilt(server);
    await using shop = await followTilt(server, { name: 'shop' });
    await Promise.all([tilt, shop].map((one) => one.until(() => one.count('snapshot') === 1)));
    expect([tilt.provider.name, tilt.sessions.get('Tiltfile')?.id]).toEqual([
      'tilt-default',
      'tilt-default/Tiltfile',
    ]);
    expect([shop.provider.name, shop.sessions.get('Tiltfile')?.id]).toEqual(['shop', 'shop/Tiltfile']);
  });

  test('that is idle ends at once when the signal aborts, and leaves neither connection nor timer', async () => {
    const clock = createManualClock();
    await using server = await createTiltServer({ sessions: [sessionJson()] });
    await using tilt = await followTilt(server, { clock });
    await server.until(() => server.openWatches === 1);
    tilt.abort();
    expect(await tilt.ended).toBeUndefined();
    await server.until(() => server.openWatches === 0);
    expect(clock.pending).toBe(0);
  });

  test('ends at once while it still waits for the first answer', async () => {
    await using server = await createTiltServer();
    server.respond('list', 'silent');
    await using tilt = await followTilt(server);
    await server.until(() => server.count('list') === 1);
    tilt.abort();
    expect(await tilt.ended).toBeUndefined();
    expect(tilt.changes).toEqual([]);
  });

  test('U1: every write of Tilt is read at once', async () => {
    await using server = await createTiltServer({ sessions: [sessionJson({ uid: 'a' })] });
    await using tilt = await followTilt(server);
    await server.until(() => server.openWatches === 1);
    const error = 'x'.repeat(200_000);
    // Far more than the buffers of the two sockets hold: it can only leave the server if it is read.
    for (let count = 1; count <= 64; count += 1) {
      server.put(sessionJson({ uid: 'a', status: { pid: count, error } }));
      await server.drained();
    }
    await tilt.until(() => tilt.sessions.get('Tiltfile')?.status.pid === 64);
    expect(tilt.count('upsert')).toBe(64);
  });
});

test('check() reads the credentials only, and sends no request', async () => {
  await using server = await createTiltServer();
  await using tilt = await followTilt(server);
  await server.until(() => server.openWatches === 1);
  const count = server.requests.length;
  await expect(tilt.provider.check?.()).resolves.toBeUndefined();
  expect(server.requests).toHaveLength(count);
});

test('a list and the watch after it share a connection, and a list that looks after a quiet watch has its own', async () => {
  const clock = createManualClock();
  await using server = await createTiltServer({ sessions: [sessionJson()] });
  await using tilt = await followTilt(server, { clock });
  await server.until(() => server.openWatches === 1);
  expect(server.connections).toBe(1);
  const lists = async () => {
    await clock.advance(1_000);
    return server.count('list');
  };
  await expect.poll(lists, { interval: 1, timeout: 20_000 }).toBe(2);
  expect(server.connections).toBe(2);
  tilt.abort();
  await server.until(() => server.openWatches === 0);
});

describe('the ways to reach an API server', () => {
  /** Follows the entry and gives what was read of the one Session, or the error. */
  async function reach(
    server: TiltServer,
    entry: Omit<KubeconfigEntry, 'at'> = {},
  ): Promise<'reached' | unknown> {
    await using tilt = await followTilt({ at: server, ...entry });
    return await Promise.race([
      tilt.until(() => tilt.sessions.has('Tiltfile')).then(() => 'reached'),
      tilt.ended,
    ]);
  }

  const serverWith = (options: TiltServerOptions) =>
    createTiltServer({ sessions: [sessionJson()], ...options });

  test('a token file', async () => {
    await using server = await serverWith({});
    await using folder = await createKubeconfigFolder();
    const tokenFile = join(folder.folder, 'token');
    await writeFile(tokenFile, `${server.token}\n`);
    expect(await reach(server, { user: { token: undefined, tokenFile } })).toBe('reached');
  });

  test('a client certificate', async () => {
    await using server = await serverWith({ clientCertificates: true });
    const { cert, key } = server.tls.client;
    const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
    expect(await reach(server, { user: { token: undefined, ...user } })).toBe('reached');
    expect(await reach(server)).toMatchObject({ code: 'unreachable' });
  });

  test('files for CA, certificate and key', async () => {
    await using server = await serverWith({ clientCertificates: true });
    await using folder = await createKubeconfigFolder();
    const paths = {
      ca: join(folder.folder, 'ca'),
      cert: join(folder.folder, 'c'),
      key: join(folder.folder, 'k'),
    };
    await writeFile(paths.ca, server.tls.ca);
    await writeFile(paths.cert, server.tls.client.cert);
    await writeFile(paths.key, server.tls.client.key);
    const entry = {
      cluster: { 'certificate-authority-data': undefined, 'certificate-authority': paths.ca },
      user: { token: undefined, 'client-certificate': paths.cert, 'client-key': paths.key },
    };
    expect(await reach(server, entry)).toBe('reached');
  });

  test('a name and password', async () => {
    await using server = await serverWith({ authorization: `Basic ${base64('dev:secret')}` });
    const user = { token: undefined, username: 'dev', password: 'secret' };
    expect(await reach(server, { user })).toBe('reached');
  });

  test('tls-server-name, where the certificate is for another name than the address', async () => {
    await using server = await serverWith({ names: ['tilt.example'] });
    expect(await reach(server, { cluster: { 'tls-server-name': 'tilt.example' } })).toBe('reached');
    expect(await reach(server)).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining("IP: 127.0.0.1 is not in the cert's list"),
    });
  });

  test('tls-server-name that is an address', async () => {
    await using server = await serverWith({ names: ['10.1.2.3'] });
    expect(await reach(server, { cluster: { 'tls-server-name': '10.1.2.3' } })).toBe('reached');
  });

  test('insecure-skip-tls-verify, with one warning in the log', async () => {
    await using server = await serverWith({});
    const stranger = await createTls();
    const cluster = { 'certificate-authority-data': base64(stranger.ca) };
    expect(await reach(server, { cluster })).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining("the certificate is not from the kubeconfig's certificate-authority"),
    });
    await using tilt = await followTilt({
      at: server,
      cluster: { ...cluster, 'insecure-skip-tls-verify': true },
    });
    await tilt.until(() => tilt.sessions.has('Tiltfile'));
    const again = readChanges(tilt.provider, AbortSignal.timeout(10_000));
    await again.until(() => again.sessions.has('Tiltfile'));
    expect(tilt.warnings).toEqual([expect.stringContaining('insecure-skip-tls-verify')]);
  });

  test('plain http', async () => {
    await using server = await serverWith({ plain: true });
    expect(await reach(server)).toBe('reached');
  });

  test('a path before that of the API, as behind a proxy', async () => {
    await using server = await serverWith({});
    expect(await reach(server, { cluster: { server: `${server.url}/k8s/clusters/c1/` } })).toBe('reached');
    expect(server.requests[0]?.url).toBe('/k8s/clusters/c1/apis/tilt.dev/v1alpha1/sessions');
  });

  test('a login by command is a config error that says what to do', async () => {
    await using server = await serverWith({});
    expect(await reach(server, { user: { exec: { command: 'aws' } } })).toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /context "tilt-default": users\[0\]\.user\.exec: .* use a token or a client/,
      ),
    });
  });
});
