import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeSession } from '../../../src/model/decode.js';
import { NO_FACTS } from '../../../src/model/facts.js';
import type { Session } from '../../../src/model/session.js';
import { readChanges } from '../../support/change-reader.js';
import { type FollowedTilt, followTilt } from '../../support/follow-tilt.js';
import { createKubeconfigFolder, type KubeconfigEntry } from '../../support/kubeconfig-file.js';
import { createManualClock } from '../../support/manual-clock.js';
import { readWatchRecording, WATCH_RECORDINGS } from '../../support/recording.js';
import { clusterJson, resourceJson } from '../../support/resource-json.js';
import { brokenSessionJson, type SessionJson, sessionJson } from '../../support/session-json.js';
import { PLURALS } from '../../support/tilt-kind.js';
import { createTiltServer, type TiltServer, type TiltServerOptions } from '../../support/tilt-server.js';
import { createTls } from '../../support/tls.js';

/** The Session of a Tilt that has no other kinds: its own UI is known by the name of its context. */
function withoutFacts(object: unknown): Session {
  const facts = { ...NO_FACTS, webUrl: 'http://localhost:10350' };
  return { ...decodeSession(object, 'tilt-default'), facts };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a tilt provider', () => {
  test('has the name of its context, and so do its Sessions, unless it is given a name', async () => {
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

  test('ends at once while idle when the signal aborts, and leaves neither connection nor timer', async () => {
    const clock = createManualClock();
    await using server = await createTiltServer({ sessions: [sessionJson()] });
    await using tilt = await followTilt(server, { clock });
    await server.until(() => server.openWatches === 1);
    tilt.abort();
    expect(await tilt.ended).toBeUndefined();
    await server.until(() => server.openWatches === 0);
    expect(clock.pending).toBe(0);
  });

  test('ends at once while it waits for the first response', async () => {
    await using server = await createTiltServer();
    server.respond('list', 'silent');
    await using tilt = await followTilt(server);
    await server.until(() => server.count('list') === 1);
    tilt.abort();
    expect(await tilt.ended).toBeUndefined();
    expect(tilt.changes).toEqual([]);
  });

  test('U1: reads every write of Tilt to any of its watches at once', async () => {
    await using server = await createTiltServer({
      sessions: [sessionJson({ uid: 'a' })],
      kinds: ['uiresources', 'clusters'],
    });
    await using tilt = await followTilt(server);
    await server.until(() => PLURALS.every((plural) => server.kind(plural).openWatches === 1));
    const error = 'x'.repeat(200_000);
    // Far more than the buffers of the sockets hold, so it leaves the server only if it is read.
    for (let count = 1; count <= 64; count += 1) {
      server.kind('uiresources').put(resourceJson('api', { order: count, buildHistory: [{ error }] }));
      server.kind('clusters').put(clusterJson(`${count} ${error}`));
      server.put(sessionJson({ uid: 'a', status: { pid: count, error } }));
      await server.drained();
    }
    const newest = () => tilt.sessions.get('Tiltfile');
    // Each of the watches may be the last to arrive.
    await tilt.until(() => {
      const { status, facts } = newest() ?? {};
      const isNewestCluster = facts?.cluster?.error?.startsWith('64 ') === true;
      return status?.pid === 64 && facts?.resources?.[0]?.order === 64 && isNewestCluster;
    });
    expect(PLURALS.map((plural) => server.kind(plural).count('watch'))).toEqual([1, 1, 1]);
  });
});

test('check() of a tilt provider reads the credentials and sends no request', async () => {
  await using server = await createTiltServer();
  await using tilt = await followTilt(server);
  await server.until(() => server.openWatches === 1);
  await server.until(() => server.count('facts') === 2);
  const count = server.requests.length;
  await expect(tilt.provider.check?.()).resolves.toBeUndefined();
  expect(server.requests).toHaveLength(count);
});

test('each kind has one connection for its list and the watch after it; a list during a quiet watch has its own', async () => {
  const clock = createManualClock();
  await using server = await createTiltServer({
    sessions: [sessionJson()],
    kinds: ['uiresources', 'clusters'],
  });
  await using tilt = await followTilt(server, { clock });
  const lists = () => PLURALS.map((plural) => server.kind(plural).count('list'));
  const watches = () => PLURALS.map((plural) => server.kind(plural).openWatches);
  await server.until(() => watches().every((open) => open === 1));
  expect([server.connections, lists()]).toEqual([3, [1, 1, 1]]);
  const advanceAndCount = async () => {
    await clock.advance(1_000);
    return lists();
  };
  await expect.poll(advanceAndCount, { interval: 1, timeout: 20_000 }).toEqual([2, 2, 2]);
  expect(server.connections).toBe(6);
  tilt.abort();
  await server.until(() => watches().every((open) => open === 0));
});

describe('a tilt provider reaches an API server with', () => {
  /** Follows the entry and returns its Session, or the error. */
  async function reach(
    server: TiltServer,
    entry: Omit<KubeconfigEntry, 'server'> = {},
  ): Promise<'reached' | unknown> {
    await using tilt = await followTilt({ server: server, ...entry });
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

  test('tls-server-name, for a certificate with another name than the host', async () => {
    await using server = await serverWith({ names: ['tilt.example'] });
    expect(await reach(server, { cluster: { 'tls-server-name': 'tilt.example' } })).toBe('reached');
    expect(await reach(server)).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining("IP: 127.0.0.1 is not in the cert's list"),
    });
  });

  test('tls-server-name that is an IP address', async () => {
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
      server: server,
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

  test('a path in front of the API, as behind a reverse proxy', async () => {
    await using server = await serverWith({});
    expect(await reach(server, { cluster: { server: `${server.url}/k8s/clusters/c1/` } })).toBe('reached');
    expect(server.requests.find(({ kind }) => kind === 'list')?.url).toBe(
      '/k8s/clusters/c1/apis/tilt.dev/v1alpha1/sessions',
    );
  });

  test('no login by command, which is a config error with a hint', async () => {
    await using server = await serverWith({});
    expect(await reach(server, { user: { exec: { command: 'aws' } } })).toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /context "tilt-default": users\[0\]\.user\.exec: .* use a token or a client/,
      ),
    });
  });
});

describe('watchKind', () => {
  const A = { uid: 'a' };

  /** Waits until the watch is open and everything so far is read, by writing one more change. */
  async function settle(
    server: TiltServer,
    tilt: FollowedTilt,
    json: SessionJson = sessionJson(A),
  ): Promise<void> {
    await server.until(() => server.openWatches === 1);
    const { resourceVersion, name } = server.put(json).metadata;
    await tilt.until(() => tilt.sessions.get(name)?.metadata.resourceVersion === resourceVersion);
  }

  describe('from list to watch', () => {
    test('pushes a snapshot first, and watches from its version, with bookmarks allowed', async () => {
      await using server = await createTiltServer({ sessions: [sessionJson(A)] });
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      expect(tilt.changes.map(({ type }) => type)).toEqual(['snapshot', 'upsert']);
      const watch = server.requests.find(({ kind }) => kind === 'watch');
      expect(watch?.url).toBe(
        '/apis/tilt.dev/v1alpha1/sessions?watch=1&allowWatchBookmarks=true&resourceVersion=2',
      );
    });

    test('pushes the current objects, which Tilt repeats as ADDED, only once', async () => {
      await using server = await createTiltServer({ sessions: [sessionJson(A), sessionJson({ name: 'b' })] });
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      expect(tilt.count('upsert')).toBe(1);
    });

    test('pushes added, modified and deleted objects', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      server.put(sessionJson({ name: 'other' }));
      server.put(sessionJson({ ...A, status: { done: true } }));
      server.remove('other');
      await tilt.until(() => tilt.count('remove') === 1);
      expect(tilt.changes.map(({ type }) => type)).toEqual([
        'snapshot',
        'upsert',
        'upsert',
        'upsert',
        'remove',
      ]);
      expect([...tilt.sessions.values()].map(({ status }) => status.done)).toEqual([true]);
    });

    test('keeps the newer of two writes that Tilt delivers out of order', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      const version = (resourceVersion: string) => sessionJson({ ...A, resourceVersion });
      server.emit('MODIFIED', version('50'));
      server.emit('MODIFIED', version('49'));
      server.emit('MODIFIED', version('50'));
      server.emit('MODIFIED', version('51'));
      await tilt.until(() => tilt.sessions.get('Tiltfile')?.metadata.resourceVersion === '51');
      expect(tilt.count('upsert')).toBe(3);
    });

    test.each(WATCH_RECORDINGS)(
      'reaches the last object of the recording %s of a real Tilt',
      async (name) => {
        const lines = readWatchRecording(name);
        await using server = await createTiltServer();
        await using tilt = await followTilt(server);
        await server.until(() => server.openWatches === 1);
        server.replay(lines).playRemaining();
        await tilt.until(() => tilt.count('upsert') === lines.length);
        const last: { readonly object: unknown } = JSON.parse(lines.at(-1)?.line ?? '');
        expect(tilt.sessions.get('Tiltfile')).toEqual(withoutFacts(last.object));
      },
    );

    test.each(WATCH_RECORDINGS)(
      'the recording %s comes to the same when every watch is cut after a line',
      async (name) => {
        await using server = await createTiltServer();
        await using tilt = await followTilt(server);
        const replay = server.replay(readWatchRecording(name).slice(-5));
        await server.until(() => server.openWatches === 1);
        while (replay.step()) {
          const watches = server.count('watch');
          await server.cut();
          await server.until(() => server.count('watch') > watches && server.openWatches === 1);
        }
        const [last] = server.sessions;
        const version = last?.metadata.resourceVersion;
        await tilt.until(() => tilt.sessions.get('Tiltfile')?.metadata.resourceVersion === version);
        expect(tilt.sessions.get('Tiltfile')).toEqual(withoutFacts(last));
      },
    );
  });

  describe('the end of a watch is no error', () => {
    test('when the server ends it, as Tilt does after 30 to 60 minutes, and deletions in the gap are pushed', async () => {
      await using server = await createTiltServer({ sessions: [sessionJson(A), sessionJson({ name: 'b' })] });
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      server.stallWatches();
      server.remove('b');
      await server.cut();
      await tilt.until(() => tilt.count('snapshot') === 2);
      expect([...tilt.sessions.keys()]).toEqual(['Tiltfile']);
      await settle(server, tilt);
      server.endWatches();
      await tilt.until(() => tilt.count('snapshot') === 3);
      expect(tilt.count('stale')).toBe(0);
    });

    test('when it breaks inside a line, which is dropped', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      const line = JSON.stringify({ type: 'DELETED', object: sessionJson(A) });
      await server.cut(line.slice(0, -10));
      await tilt.until(() => tilt.count('snapshot') === 2);
      expect([tilt.count('remove'), tilt.count('stale')]).toEqual([0, 0]);
      expect(tilt.sessions.has('Tiltfile')).toBe(true);
    });

    test('unless the server is gone too, as at the end of `tilt ci`, after the last state', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      server.put(sessionJson({ ...A, status: { done: true } }));
      await server.drained();
      await server.stop();
      expect(await tilt.ended).toMatchObject({ code: 'unreachable' });
      expect(tilt.sessions.get('Tiltfile')?.status.done).toBe(true);
    });

    test('when the server sends an ERROR event', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      server.emit('ERROR', { kind: 'Status', code: 500, message: 'watch cache is broken' });
      await tilt.until(() => tilt.count('snapshot') === 2);
      await settle(server, tilt);
      expect(tilt.count('stale')).toBe(0);
    });
  });

  describe('a watch that ends too soon, without changes, is unreachable, so that the next attempt is delayed', () => {
    /** A server and a provider with a stopped clock. */
    const atOnce = { clock: createManualClock(), minWatchMs: 1000 };

    test('when the server closes the connection', async () => {
      await using server = await createTiltServer({ sessions: [sessionJson(A)] });
      await using tilt = await followTilt(server, atOnce);
      await server.until(() => server.openWatches === 1);
      server.endWatches();
      expect(await tilt.ended).toMatchObject({
        code: 'unreachable',
        message: `${server.url}: the watch ended as soon as it started: it ended or was disconnected`,
      });
    });

    test('when the server sends ERROR', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server, atOnce);
      await server.until(() => server.openWatches === 1);
      server.emit('ERROR', { kind: 'Status', code: 500, message: 'no watches today' });
      expect(await tilt.ended).toMatchObject({ message: expect.stringContaining('no watches today') });
    });

    test('when it sends only invalid lines', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server, atOnce);
      await server.until(() => server.openWatches === 1);
      server.write('<html>please log in</html>\n');
      await tilt.until(() => tilt.count('stale') === 1);
      server.endWatches();
      expect(await tilt.ended).toMatchObject({ code: 'unreachable' });
    });

    test('unless it had changes, or lasted', async () => {
      const clock = createManualClock();
      await using server = await createTiltServer();
      await using tilt = await followTilt(server, { clock, minWatchMs: 1000 });
      await settle(server, tilt);
      server.endWatches();
      await tilt.until(() => tilt.count('snapshot') === 2);
      await server.until(() => server.openWatches === 1);
      await clock.advance(1000);
      server.endWatches();
      await tilt.until(() => tilt.count('snapshot') === 3);
    });

    test('when the server responds with 410 twice in a row', async () => {
      await using server = await createTiltServer();
      server.respond('watch', { status: 410 });
      await using tilt = await followTilt(server, atOnce);
      expect(await tilt.ended).toMatchObject({
        code: 'unreachable',
        message: expect.stringContaining('its resourceVersion is too old'),
      });
      expect([server.count('list'), server.count('watch')]).toEqual([2, 2]);
    });
  });

  describe('a Kubernetes API', () => {
    test.each(['status', 'event'] as const)(
      'that has forgotten the version (410 as %s) is listed again',
      async (as) => {
        await using server = await createTiltServer({ mode: 'kubernetes', sessions: [sessionJson(A)] });
        await using tilt = await followTilt(server);
        await settle(server, tilt);
        // The list is older than the state of the server, as after a write between the list and the watch.
        const body = JSON.stringify({
          kind: 'SessionList',
          metadata: { resourceVersion: '2' },
          items: server.sessions,
        });
        server.compact(as);
        server.respond('list', { status: 200, body }, 1);
        server.endWatches();
        await tilt.until(() => tilt.count('snapshot') === 3);
        await settle(server, tilt);
        expect(tilt.count('stale')).toBe(0);
      },
    );

    test('sends bookmarks, which change nothing', async () => {
      await using server = await createTiltServer({ mode: 'kubernetes' });
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      server.bookmark();
      await settle(server, tilt);
      expect(tilt.changes.map(({ type }) => type)).toEqual(['snapshot', 'upsert', 'upsert']);
    });

    test('sends the changes since the list in the watch', async () => {
      await using server = await createTiltServer({ mode: 'kubernetes', sessions: [sessionJson(A)] });
      server.respond('watch', { status: 503 }, 1);
      await using tilt = await followTilt(server);
      await tilt.ended;
      expect(tilt.count('snapshot')).toBe(1);
      await using again = await followTilt(server);
      await settle(server, again);
      expect(again.changes.map(({ type }) => type)).toEqual(['snapshot', 'upsert']);
    });
  });

  describe('invalid data', () => {
    test('in an object makes its Session stale; the last good state stays, and reading continues', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      server.put(brokenSessionJson(A));
      await tilt.until(() => tilt.count('stale') === 1);
      expect(tilt.changes.at(-1)).toEqual({
        type: 'stale',
        id: 'tilt-default/Tiltfile',
        error: expect.stringContaining('status.pid: expected a whole number'),
      });
      expect(tilt.sessions.has('Tiltfile')).toBe(true);
      await settle(server, tilt);
      expect(server.count('watch')).toBe(1);
    });

    test('in an item of a list does not make its Session gone, not even after a new watch()', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      server.stallWatches();
      server.put(brokenSessionJson(A));
      await server.cut();
      await tilt.until(() => tilt.staleReasons.length === 1);
      tilt.abort();
      await tilt.ended;
      const again = readChanges(tilt.provider, AbortSignal.timeout(10_000));
      await again.until(() => again.staleReasons.length === 1);
      for (const { changes, sessions } of [tilt, again]) {
        expect(changes.at(-1)).toMatchObject({ type: 'snapshot', stale: [{ error: expect.any(String) }] });
        expect(sessions.has('Tiltfile')).toBe(true);
      }
    });

    test('in a line is reported with its reason, and reading continues', async () => {
      await using server = await createTiltServer();
      await using tilt = await followTilt(server);
      await settle(server, tilt);
      server.write('nonsense\n\n{"type":"ADDED"\n\u0000\u0001\n');
      await settle(server, tilt);
      expect(tilt.staleReasons).toHaveLength(3);
      expect(tilt.staleReasons[0]).toBe('a line of the watch: expected a JSON object, got "nonsense"');
      expect(server.count('watch')).toBe(1);
    });
  });
});
