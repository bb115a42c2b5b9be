import { describe, expect, test } from 'vitest';
import { decodeSession } from '../../../src/model/decode.js';
import { readChanges } from '../../support/change-reader.js';
import { type FollowedTilt, followTilt } from '../../support/follow-tilt.js';
import { createManualClock } from '../../support/manual-clock.js';
import { readWatchRecording, WATCH_RECORDINGS } from '../../support/recording.js';
import { brokenSessionJson, type SessionJson, sessionJson } from '../../support/session-json.js';
import { createTiltServer, type TiltServer } from '../../support/tilt-server.js';

const A = { uid: 'a' };

/** Waits until the watch is open and everything told so far is read: tells one more, and waits for that. */
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
  test('a snapshot comes first, and the watch goes on from its version, with bookmarks allowed', async () => {
    await using server = await createTiltServer({ sessions: [sessionJson(A)] });
    await using tilt = await followTilt(server);
    await settle(server, tilt);
    expect(tilt.changes.map(({ type }) => type)).toEqual(['snapshot', 'upsert']);
    const watch = server.requests.find(({ kind }) => kind === 'watch');
    expect(watch?.url).toBe(
      '/apis/tilt.dev/v1alpha1/sessions?watch=1&allowWatchBookmarks=true&resourceVersion=2',
    );
  });

  test('the current objects, which Tilt tells again as ADDED, are not told twice', async () => {
    await using server = await createTiltServer({ sessions: [sessionJson(A), sessionJson({ name: 'b' })] });
    await using tilt = await followTilt(server);
    await settle(server, tilt);
    expect(tilt.count('upsert')).toBe(1);
  });

  test('what happens is told: added, modified, deleted', async () => {
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

  test('two writes that Tilt delivers out of order leave the newer', async () => {
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

  test.each(WATCH_RECORDINGS)('the recording %s of a real Tilt ends at its last object', async (name) => {
    const lines = readWatchRecording(name);
    await using server = await createTiltServer();
    await using tilt = await followTilt(server);
    await server.until(() => server.openWatches === 1);
    server.replay(lines).rest();
    await tilt.until(() => tilt.count('upsert') === lines.length);
    const last: { readonly object: unknown } = JSON.parse(lines.at(-1)?.line ?? '');
    expect(tilt.sessions.get('Tiltfile')).toEqual(decodeSession(last.object, 'tilt-default'));
  });

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
      expect(tilt.sessions.get('Tiltfile')).toEqual(decodeSession(last, 'tilt-default'));
    },
  );
});

describe('the end of a watch is no error', () => {
  test('when the server ends it, as Tilt does after 30 to 60 minutes: what has gone meanwhile is gone', async () => {
    await using server = await createTiltServer({ sessions: [sessionJson(A), sessionJson({ name: 'b' })] });
    await using tilt = await followTilt(server);
    await settle(server, tilt);
    server.mute();
    server.remove('b');
    await server.cut();
    await tilt.until(() => tilt.count('snapshot') === 2);
    expect([...tilt.sessions.keys()]).toEqual(['Tiltfile']);
    await settle(server, tilt);
    server.endWatches();
    await tilt.until(() => tilt.count('snapshot') === 3);
    expect(tilt.count('stale')).toBe(0);
  });

  test('when it is cut in the midst of a line, which is dropped', async () => {
    await using server = await createTiltServer();
    await using tilt = await followTilt(server);
    await settle(server, tilt);
    const line = JSON.stringify({ type: 'DELETED', object: sessionJson(A) });
    await server.cut(line.slice(0, -10));
    await tilt.until(() => tilt.count('snapshot') === 2);
    expect([tilt.count('remove'), tilt.count('stale')]).toEqual([0, 0]);
    expect(tilt.sessions.has('Tiltfile')).toBe(true);
  });

  test('but when the server has gone too, as at the end of `tilt ci`, that is: after the last state', async () => {
    await using server = await createTiltServer();
    await using tilt = await followTilt(server);
    await settle(server, tilt);
    server.put(sessionJson({ ...A, status: { done: true } }));
    await server.drained();
    await server.stop();
    expect(await tilt.ended).toMatchObject({ code: 'unreachable' });
    expect(tilt.sessions.get('Tiltfile')?.status.done).toBe(true);
  });

  test('when the server gives up with an ERROR event', async () => {
    await using server = await createTiltServer();
    await using tilt = await followTilt(server);
    await settle(server, tilt);
    server.emit('ERROR', { kind: 'Status', code: 500, message: 'watch cache is broken' });
    await tilt.until(() => tilt.count('snapshot') === 2);
    await settle(server, tilt);
    expect(tilt.count('stale')).toBe(0);
  });
});

describe('a watch that ends as soon as it begins, without news, is unreachable, so that the next try waits', () => {
  /** A server and a provider whose clock stands still: whatever happens, happens at once. */
  const atOnce = { clock: createManualClock(), fruitlessMs: 1000 };

  test('when the server hangs up', async () => {
    await using server = await createTiltServer({ sessions: [sessionJson(A)] });
    await using tilt = await followTilt(server, atOnce);
    await server.until(() => server.openWatches === 1);
    server.endWatches();
    expect(await tilt.ended).toMatchObject({
      code: 'unreachable',
      message: `${server.url}: a watch is over as soon as it begins: it ended by itself, or was cut`,
    });
  });

  test('when the server says ERROR', async () => {
    await using server = await createTiltServer();
    await using tilt = await followTilt(server, atOnce);
    await server.until(() => server.openWatches === 1);
    server.emit('ERROR', { kind: 'Status', code: 500, message: 'no watches today' });
    expect(await tilt.ended).toMatchObject({ message: expect.stringContaining('no watches today') });
  });

  test('when all it says is junk', async () => {
    await using server = await createTiltServer();
    await using tilt = await followTilt(server, atOnce);
    await server.until(() => server.openWatches === 1);
    server.write('<html>please log in</html>\n');
    await tilt.until(() => tilt.count('stale') === 1);
    server.endWatches();
    expect(await tilt.ended).toMatchObject({ code: 'unreachable' });
  });

  test('but not when it had news, or lasted', async () => {
    const clock = createManualClock();
    await using server = await createTiltServer();
    await using tilt = await followTilt(server, { clock, fruitlessMs: 1000 });
    await settle(server, tilt);
    server.endWatches();
    await tilt.until(() => tilt.count('snapshot') === 2);
    await server.until(() => server.openWatches === 1);
    await clock.advance(1000);
    server.endWatches();
    await tilt.until(() => tilt.count('snapshot') === 3);
  });

  test('and when 410 comes twice in a row', async () => {
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
      // As a server does between the list and the watch: the list it gives is older than what it remembers.
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

  test('tells in the watch what happened since the list', async () => {
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

describe('what cannot be understood', () => {
  test('a bad object makes its Session stale; the last good state stays, and reading goes on', async () => {
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

  test('a bad item of a list does not make its Session look gone, nor after a new watch()', async () => {
    await using server = await createTiltServer();
    await using tilt = await followTilt(server);
    await settle(server, tilt);
    server.mute();
    server.put(brokenSessionJson(A));
    await server.cut();
    await tilt.until(() => tilt.count('stale') === 1);
    tilt.abort();
    await tilt.ended;
    const again = readChanges(tilt.provider, AbortSignal.timeout(10_000));
    await again.until(() => again.count('stale') === 1);
    for (const { changes, sessions } of [tilt, again]) {
      expect(changes.slice(-2).map(({ type }) => type)).toEqual(['snapshot', 'stale']);
      expect(sessions.has('Tiltfile')).toBe(true);
    }
  });

  test('lines of junk are told with their reason, and reading goes on', async () => {
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
