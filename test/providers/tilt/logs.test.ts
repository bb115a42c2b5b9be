import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import stripAnsi from 'strip-ansi';
import { describe, expect, test } from 'vitest';
import { createTiltLogs } from '../../../src/providers/tilt/hud-logs.js';
import { readChanges } from '../../support/change-reader.js';
import { type FollowedTilt, followTilt } from '../../support/follow-tilt.js';
import { HUD_CI_EXCERPT, hudCiStates, playHudCiUpToEnd } from '../../support/hud-ci.js';
import { type HudMessage, readHudRecording, splitMessages } from '../../support/hud-view.js';
import { parseContext } from '../../support/kubeconfig-file.js';
import { advanceUntil, createManualClock } from '../../support/manual-clock.js';
import { sessionJson } from '../../support/session-json.js';
import { PLURALS } from '../../support/tilt-kind.js';
import { linesOf, logOf, recordedLines, startTiltWithLogs } from '../../support/tilt-with-logs.js';

const messagesOf = (name: 'hud-up' | 'hud-ci'): HudMessage[] =>
  readHudRecording(name).map(({ message }) => message);

const untilLines = (tilt: Pick<FollowedTilt, 'changes'>, count: number) =>
  expect.poll(() => linesOf(logOf(tilt))?.length).toBe(count);

/** Creates a named pipe. Windows has none in a folder: there the file is empty. */
async function createPipe(path: string): Promise<void> {
  if (process.platform === 'win32') await writeFile(path, '');
  else execFileSync('mkfifo', [path]);
}

const UP = recordedLines('hud-up');

/** Small enough that no deadline passes while a request to this machine is answered. */
const STEP_MS = 10;

describe('the log of a Tilt', () => {
  test('has the lines, resources, targets and levels of the recording', async () => {
    await using fake = await startTiltWithLogs();
    await using tilt = await fake.follow();
    await fake.hud.until(() => fake.hud.open === 1);
    for (const message of messagesOf('hud-up')) fake.hud.send(message);
    await untilLines(tilt, UP.length);
    expect(linesOf(logOf(tilt))).toEqual(UP);
    expect(UP).toContain('info crash crash:serve: panic: out of cheese');
    expect(tilt.availability.get('logs')).toBeNull();
    expect(tilt.count('stale')).toBe(0);
  });

  test.each([
    ['its segments and lines arrive in parts', splitMessages(messagesOf('hud-up')), 1_000_000],
    ['its messages arrive in fragments of 100 bytes', messagesOf('hud-up'), 100],
  ])('is the same when %s', async (_, messages, fragmentLength) => {
    await using fake = await startTiltWithLogs();
    await using tilt = await fake.follow();
    await fake.hud.until(() => fake.hud.open === 1);
    for (const message of messages) fake.hud.sendText(JSON.stringify(message), fragmentLength);
    await untilLines(tilt, UP.length);
    expect(linesOf(logOf(tilt))).toEqual(UP);
  });

  test('is the same when messages are repeated and the connection is cut in the middle', async () => {
    await using fake = await startTiltWithLogs();
    await using tilt = await fake.follow({ random: () => 0 });
    await fake.hud.until(() => fake.hud.open === 1);
    const messages = messagesOf('hud-up');
    const half = messages.slice(0, 15);
    for (const message of half) fake.hud.send(message);
    for (const message of half) fake.hud.repeat(message);
    await fake.hud.drained();
    fake.hud.cut();
    await fake.hud.until(() => fake.hud.open === 1 && fake.hud.requests.length === 4);
    for (const message of messages.slice(15)) fake.hud.send(message);
    await untilLines(tilt, UP.length);
    expect(linesOf(logOf(tilt))).toEqual(UP);
    expect(tilt.count('stale')).toBe(0);
  });

  test('is null until the complete view of Tilt was read, for which the first Session waits one second', async () => {
    const clock = createManualClock();
    await using fake = await startTiltWithLogs();
    await using tilt = await fake.follow({ clock });
    await fake.hud.until(() => fake.hud.open === 1);
    await fake.server.until(() => fake.server.kind('clusters').openWatches === 1);
    await clock.advance(999);
    expect(tilt.changes).toEqual([]);
    await clock.advance(1);
    expect(tilt.changes.map(({ type }) => type)).toEqual(['snapshot', 'log']);
    expect(tilt.changes[1]).toEqual({ type: 'log', id: 'tilt/Tiltfile', log: null });
    fake.hud.send({ isComplete: true });
    await tilt.until(() => logOf(tilt) !== null);
  });

  test('is in the first state of a Session that has failed, even if the first connection was cut', async () => {
    const clock = createManualClock();
    await using fake = await startTiltWithLogs();
    const [failed] = hudCiStates('run-1').slice(-1);
    if (failed) fake.server.put(failed.session);
    await using tilt = await fake.follow({ clock, random: () => 0.5 });
    await fake.hud.until(() => fake.hud.open === 1);
    const before = fake.hud.requests.length;
    fake.hud.cut();
    await fake.hud.until(() => fake.hud.open === 0);
    for (const message of messagesOf('hud-ci')) fake.hud.send(message);
    await advanceUntil(clock, () => fake.hud.requests.length > before, 1);
    await tilt.until(() => tilt.changes.length > 0);
    const [first] = tilt.changes;
    const excerpts = first?.type === 'snapshot' ? first.sessions[0]?.facts?.excerpts : undefined;
    expect(excerpts?.map(({ target }) => target)).toEqual(['unit:update']);
  });

  test('is in the first state of a Session that has failed', async () => {
    await using fake = await startTiltWithLogs();
    const { session, message } = playHudCiUpToEnd(fake, 'run-1');
    fake.server.put(session);
    fake.hud.send(message);
    await using tilt = await fake.follow({ clock: createManualClock() });
    await tilt.until(() => tilt.changes.length > 0);
    const [first] = tilt.changes;
    const excerpts = first?.type === 'snapshot' ? first.sessions[0]?.facts?.excerpts : undefined;
    expect(excerpts?.map(({ target }) => target)).toEqual(['unit:update']);
    expect(excerpts?.[0]?.lines.map(({ styledText }) => stripAnsi(styledText))).toEqual(HUD_CI_EXCERPT);
  });

  test('has the last lines of a failure that is seen after a reconnect, before the web server is reached again', async () => {
    const clock = createManualClock();
    await using fake = await startTiltWithLogs();
    const { server, hud } = fake;
    const { session, message } = playHudCiUpToEnd(fake, 'run-1');
    await using tilt = await fake.follow({ clock, random: () => 0 });
    await tilt.until(() => logOf(tilt) !== null);
    server.respond('list', { status: 503 }, 1);
    hud.isDown = true;
    server.endWatches();
    await server.until(() => server.count('list') === 2);
    hud.cut();
    expect(await tilt.ended).toMatchObject({ code: 'refused' });

    server.put(session);
    const again = readChanges(tilt.provider, AbortSignal.timeout(60_000));
    const excerpt = () => again.sessions.get('Tiltfile')?.facts?.excerpts?.[0];
    await server.until(() => PLURALS.every((plural) => server.kind(plural).openWatches === 1));
    await advanceUntil(clock, () => again.availability.has('logs'), 1);
    expect(excerpt()).toMatchObject({ target: 'unit:update', isFinal: false });
    hud.send(message);
    hud.isDown = false;
    // The delay after the third failure.
    await clock.advance(400);
    await again.until(() => again.availability.get('logs') === null);
    await advanceUntil(clock, () => excerpt()?.isFinal === true, STEP_MS);
    expect(excerpt()?.lines.map(({ styledText }) => stripAnsi(styledText))).toEqual(HUD_CI_EXCERPT);
  });

  test('belongs to the Session without a namespace only, which alone is of this Tilt', async () => {
    const { metadata, ...other } = sessionJson({ uid: 'other' });
    const sessions = [{ ...other, metadata: { ...metadata, namespace: 'a' } }, sessionJson({ uid: 'run-1' })];
    await using fake = await startTiltWithLogs({ sessions });
    await using tilt = await fake.follow();
    await fake.hud.until(() => fake.hud.open === 1);
    for (const message of messagesOf('hud-up')) fake.hud.send(message);
    await untilLines(tilt, UP.length);
    fake.server.put({ ...other, metadata: { ...metadata, namespace: 'a' } });
    await tilt.until(() => tilt.count('upsert') > 0);
    const ids = tilt.changes.flatMap((change) => (change.type === 'log' ? [change.id] : []));
    expect(new Set(ids)).toEqual(new Set(['tilt/Tiltfile']));
    expect(fake.hud.open).toBe(1);
  });

  test('of another run of the Tilt starts empty, on a new connection', async () => {
    await using fake = await startTiltWithLogs();
    await using tilt = await fake.follow();
    await fake.hud.until(() => fake.hud.open === 1);
    const [first, ...others] = messagesOf('hud-up');
    if (!first) throw new Error('The recording is empty.');
    fake.hud.send(first);
    await tilt.until(() => logOf(tilt) !== null);
    const before = logOf(tilt);
    fake.hud.restart();
    fake.server.put(sessionJson({ uid: 'run-2' }));
    await fake.hud.until(() => fake.hud.requests.length === 4 && fake.hud.open === 1);
    expect(logOf(tilt)).toBeNull();
    fake.hud.send(messagesOf('hud-ci')[0] ?? first);
    await tilt.until(() => logOf(tilt) !== null);
    expect(logOf(tilt)).not.toBe(before);
    expect(linesOf(logOf(tilt))).toEqual(recordedLines('hud-ci').slice(0, 5));
    expect(others).not.toEqual([]);
  });

  test('is redacted before it is kept', async () => {
    await using fake = await startTiltWithLogs();
    await using tilt = await fake.follow({}, ['srv|out of (cheese)']);
    await fake.hud.until(() => fake.hud.open === 1);
    for (const message of messagesOf('hud-up')) fake.hud.send(message);
    await untilLines(tilt, UP.length);
    expect(linesOf(logOf(tilt))?.join('\n')).toContain('panic: out of [REDACTED]');
  });

  test('rejects an invalid pattern at the start, on one line that quotes it', () => {
    expect(() => createTiltLogs({ tokenFile: 'token', redact: ['(a'] })).toThrow(
      /^Invalid redaction pattern "\(a": .*$/,
    );
  });
});

describe('a connection to the web server of a Tilt', () => {
  test('is not opened without the option', async () => {
    await using fake = await startTiltWithLogs();
    await using tilt = await followTilt(fake.server, {
      context: parseContext(fake.server, fake.hud.context),
    });
    await tilt.until(() => tilt.count('snapshot') === 1);
    await fake.server.until(() => fake.server.kind('clusters').openWatches === 1);
    expect(fake.hud.requests).toEqual([]);
    expect(tilt.count('log')).toBe(0);
    expect([...tilt.availability.keys()]).not.toContain('logs');
  });

  test.each([
    ['a Tilt that asks for no token', { token: null, tokenInFile: null }],
    ['a Tilt without the endpoint of the token', { token: null, tokenInFile: null, hasTokenEndpoint: false }],
  ])('needs no token file for %s', async (_, options) => {
    await using fake = await startTiltWithLogs(options);
    await using tilt = await fake.follow();
    await fake.hud.until(() => fake.hud.open === 1);
    fake.hud.send({ isComplete: true });
    await tilt.until(() => logOf(tilt) !== null);
    expect(tilt.availability.get('logs')).toBeNull();
  });

  test.each([
    ['missing', null, 'missing session token', 'there is no token in'],
    ['wrong', 'wrong', 'invalid session token', 'the token was rejected, it is from'],
  ])(
    'with a %s token is reported on one line with the file, and tried again every 30 s or with another token',
    async (_, tokenInFile, reason, problem) => {
      const clock = createManualClock();
      await using fake = await startTiltWithLogs({ tokenInFile });
      await using tilt = await fake.follow({ clock, random: () => 0.5 });
      const { hud } = fake;
      await tilt.until(() => tilt.availability.has('logs'));
      const { origin } = new URL(`http://localhost:${hud.context.slice('tilt-'.length)}`);
      expect(tilt.availability.get('logs')).toBe(
        `logs: ${origin}: 403 Forbidden (${reason}): ${problem} ${fake.tokenFile}`,
      );
      await clock.advance(29_999);
      expect(hud.requests).toHaveLength(1);
      await clock.advance(1);
      await hud.until(() => hud.requests.length === 2);
      await fake.folder.replace('token', hud.token);
      await advanceUntil(clock, () => hud.open === 1, STEP_MS);
      hud.send({ isComplete: true });
      await tilt.until(() => tilt.availability.get('logs') === null);
      expect(tilt.count('stale')).toBe(0);
    },
  );

  test.each([
    ['a folder', (path: string) => mkdir(path), 'the token cannot be read: EISDIR'],
    ['larger than any token', (path: string) => writeFile(path, 'x'.repeat(10_000_000)), 'visible ASCII'],
    ['a header of its own', (path: string) => writeFile(path, 'a\r\nx-admin: 1'), 'visible ASCII'],
    ['a pipe without a writer', createPipe, 'visible ASCII'],
  ])('with a token file that is %s is reported on one line with its path', async (_, create, problem) => {
    await using fake = await startTiltWithLogs({ tokenInFile: null });
    await create(fake.tokenFile);
    await using tilt = await fake.follow();
    await tilt.until(() => tilt.availability.has('logs'));
    expect(tilt.availability.get('logs')).toContain(`logs: ${fake.tokenFile}: `);
    expect(tilt.availability.get('logs')).toContain(problem);
    expect(fake.hud.requests).toEqual([]);
    expect(tilt.count('snapshot')).toBe(1);
  });

  test('to a web server that does not run is tried again with the backoff, and the Session stays LIVE', async () => {
    const clock = createManualClock();
    await using fake = await startTiltWithLogs();
    await fake.hud[Symbol.asyncDispose]();
    await using tilt = await fake.follow({ clock, random: () => 0.5 });
    await advanceUntil(clock, () => tilt.availability.has('logs'), STEP_MS);
    expect(tilt.availability.get('logs')).toMatch(/^logs: http:\/\/localhost:\d+: ECONNREFUSED$/);
    expect(tilt.changes.map(({ type }) => type)).toEqual(['snapshot', 'log']);
  });

  test('is not possible where the web port is not known, which is reported on one line', async () => {
    await using fake = await startTiltWithLogs();
    const context = parseContext(fake.server, 'tilt-0');
    await using tilt = await fake.follow({ context });
    await tilt.until(() => tilt.availability.has('logs'));
    expect(tilt.availability.get('logs')).toBe(
      'logs: the address of the web server of tilt-0 is not known; start Tilt with a fixed --port to read them',
    );
  });

  test('that sends nonsense is closed, and opened again with the backoff', async () => {
    const clock = createManualClock();
    await using fake = await startTiltWithLogs();
    await using tilt = await fake.follow({ clock, random: () => 0.5 });
    const isReported = () => tilt.availability.get('logs')?.includes('cannot be read') ?? false;
    while (!isReported()) {
      await advanceUntil(clock, () => fake.hud.open === 1 || isReported(), STEP_MS);
      fake.hud.sendText('password=hunter2');
      await fake.hud.until(() => fake.hud.open === 0);
    }
    expect(tilt.availability.get('logs')).toMatch(
      /^logs: http:.*\/ws\/view: a message cannot be read: message: expected JSON$/,
    );
    expect(tilt.count('stale')).toBe(0);
  });

  test('ends with the watch, with its timers', async () => {
    const clock = createManualClock();
    await using fake = await startTiltWithLogs();
    await using tilt = await fake.follow({ clock });
    await fake.hud.until(() => fake.hud.open === 1);
    tilt.abort();
    await tilt.ended;
    await fake.hud.until(() => fake.hud.open === 0);
    expect(clock.pending).toBe(0);
  });
});
