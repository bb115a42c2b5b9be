import { describe, expect, test } from 'vitest';
import { followTilt } from '../../support/follow-tilt.js';
import { createManualClock } from '../../support/manual-clock.js';
import { sessionJson } from '../../support/session-json.js';
import { createTiltServer, type Fault } from '../../support/tilt-server.js';

/** Error of a provider whose requests of this kind get the given response. */
async function endWith(kind: 'list' | 'watch', fault: Fault): Promise<unknown> {
  await using server = await createTiltServer({ sessions: [sessionJson()] });
  server.respond(kind, fault);
  await using tilt = await followTilt(server);
  return await tilt.ended;
}

describe.each(['list', 'watch'] as const)('a %s', (kind) => {
  test('that is rejected temporarily has the delay that the server asked for', async () => {
    expect(await endWith(kind, { status: 429, headers: { 'retry-after': '7' } })).toMatchObject({
      code: 'refused',
      retryAfterMs: 7000,
      message: expect.stringMatching(
        /^https:\/\/127\.0\.0\.1:\d+\/apis\/tilt\.dev\/v1alpha1\/sessions: HTTP 429: this is a 429$/,
      ),
    });
  });

  test.each([401, 403, 404, 500, 503])('with the status %i is refused', async (status) => {
    expect(await endWith(kind, { status })).toMatchObject({
      code: 'refused',
      retryAfterMs: null,
      message: expect.stringContaining(`HTTP ${status}`),
    });
  });

  test('whose connection breaks before the response is unreachable', async () => {
    expect(await endWith(kind, 'cut')).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+: \S/),
    });
  });

  test('without a response is unreachable when its time is over', async () => {
    const clock = createManualClock();
    await using server = await createTiltServer();
    server.respond(kind, 'silent');
    await using tilt = await followTilt(server, { clock });
    await server.until(() => server.count(kind) === 1);
    await clock.advance(10_000);
    expect(await tilt.ended).toMatchObject({
      code: 'unreachable',
      message: `${server.url}: no answer within 10 s`,
    });
    expect(clock.pending).toBe(0);
  });
});

describe('a list', () => {
  test('that is invalid is unreadable', async () => {
    expect(await endWith('list', { status: 200, body: '<html>hello</html>' })).toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining('expected JSON, got "<html>hello</html>"'),
    });
  });

  test('that is too long is unreadable, and not read further', async () => {
    await using server = await createTiltServer();
    server.respond('list', { status: 200, body: ' '.repeat(5000) });
    await using tilt = await followTilt(server, { maxBytes: 1000 });
    expect(await tilt.ended).toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining('expected at most 1000 bytes, got more'),
    });
  });

  test('of a server that is not running is unreachable', async () => {
    await using server = await createTiltServer();
    await server.stop();
    await using tilt = await followTilt(server);
    expect(await tilt.ended).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/),
    });
  });
});

test('an open watch has no time limit', async () => {
  const clock = createManualClock();
  await using server = await createTiltServer({ sessions: [sessionJson()] });
  await using tilt = await followTilt(server, { clock, idleMs: 1_000_000_000 });
  await server.until(() => server.openWatches === 1);
  server.put(sessionJson());
  await tilt.until(() => tilt.count('upsert') === 1);
  await clock.advance(24 * 3_600_000);
  server.put(sessionJson());
  await tilt.until(() => tilt.count('upsert') === 2);
  expect(server.count('watch')).toBe(1);
});
