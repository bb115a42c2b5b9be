import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLineReader } from '../../../src/providers/tilt/follow-watch.js';
import { type FollowedTilt, followTilt } from '../../support/follow-tilt.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { brokenSessionJson, sessionJson } from '../../support/session-json.js';
import { createTiltServer, type TiltServer, type TiltServerOptions } from '../../support/tilt-server.js';

const A = { uid: 'a' };
const IDLE_MS = 30_000;

/** A provider, with a clock moved by hand, that has read everything it was told. */
async function followQuietly(
  server: TiltServer,
  clock: ManualClock,
  limits: { readonly maxBytes?: number } = {},
): Promise<FollowedTilt> {
  const tilt = await followTilt(server, { clock, ...limits });
  await tellOne(server, tilt);
  return tilt;
}

/** Tells one more and waits until it is read. */
async function tellOne(server: TiltServer, tilt: FollowedTilt): Promise<void> {
  await server.until(() => server.openWatches === 1);
  const { resourceVersion } = server.put(sessionJson(A)).metadata;
  await tilt.until(() => tilt.sessions.get('Tiltfile')?.metadata.resourceVersion === resourceVersion);
}

const serverWith = (options: TiltServerOptions = {}) =>
  createTiltServer({ sessions: [sessionJson(A)], ...options });

describe('the lines of a watch', () => {
  test('come out right where a chunk ends within a character', async () => {
    await using server = await serverWith();
    await using tilt = await followQuietly(server, createManualClock());
    const json = sessionJson({ ...A, resourceVersion: '50', status: { error: 'größer als 5 € 😀' } });
    const bytes = Buffer.from(`${JSON.stringify({ type: 'MODIFIED', object: json })}\n`);
    for (const byte of bytes) {
      server.write(Uint8Array.of(byte));
      await server.drained();
    }
    await tilt.until(() => tilt.sessions.get('Tiltfile')?.metadata.resourceVersion === '50');
    expect(tilt.sessions.get('Tiltfile')?.status.error).toBe('größer als 5 € 😀');
  });

  test('one that is too long is skipped and told once, and the watch goes on', async () => {
    await using server = await serverWith();
    await using tilt = await followQuietly(server, createManualClock(), { maxBytes: 10_000 });
    server.put(sessionJson({ ...A, status: { error: 'x'.repeat(500_000) } }));
    await tellOne(server, tilt);
    expect(tilt.staleReasons).toEqual([
      'a line of the watch: expected at most 10000 bytes, got more; it was skipped',
    ]);
    expect(server.count('watch')).toBe(1);
  });
});

describe('a watch that has been silent for 30 s is looked after by a list', () => {
  test('and left alone when it is only quiet', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    await clock.advance(IDLE_MS - 1);
    expect(server.count('list')).toBe(1);
    await clock.advance(1);
    await server.until(() => server.count('list') === 2);
    await tellOne(server, tilt);
    expect([tilt.count('snapshot'), server.count('watch')]).toEqual([1, 1]);
  });

  test('counted from the last whole line', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    await clock.advance(IDLE_MS - 1);
    await tellOne(server, tilt);
    await clock.advance(IDLE_MS - 1);
    expect(server.count('list')).toBe(1);
    await clock.advance(1);
    await server.until(() => server.count('list') === 2);
  });

  test('and started over from that list when the list has moved on', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.mute();
    server.put(sessionJson({ ...A, status: { done: true } }));
    await clock.advance(IDLE_MS);
    await tilt.until(() => tilt.count('snapshot') === 2);
    expect(tilt.sessions.get('Tiltfile')?.status.done).toBe(true);
    await server.until(() => server.openWatches === 1 && server.count('watch') === 2);
    expect(server.count('list')).toBe(2);
  });

  test('and started over when a Session is missing from the list', async () => {
    await using server = await serverWith({ sessions: [sessionJson(A), sessionJson({ name: 'b' })] });
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.mute();
    server.remove('b');
    await clock.advance(IDLE_MS);
    await tilt.until(() => tilt.count('snapshot') === 2);
    expect([...tilt.sessions.keys()]).toEqual(['Tiltfile']);
  });

  test('and is unreachable when the list is not answered in 10 s', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.respond('list', 'silent');
    await clock.advance(IDLE_MS);
    await server.until(() => server.count('list') === 2);
    await clock.advance(10_000);
    expect(await tilt.ended).toMatchObject({
      code: 'unreachable',
      message: `${server.url}: no answer within 10 s`,
    });
    await server.until(() => server.openWatches === 0);
    expect(clock.pending).toBe(0);
  });

  test('and trusted again when it speaks before that list is answered', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.respond('list', 'silent');
    await clock.advance(IDLE_MS);
    await server.until(() => server.count('list') === 2);
    await tellOne(server, tilt);
    await clock.advance(10_000);
    await tellOne(server, tilt);
    expect([tilt.count('snapshot'), server.count('watch')]).toEqual([1, 1]);
  });

  test('and what was stale is healed by a list that is good', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.write('nonsense\n');
    await tilt.until(() => tilt.count('stale') === 1);
    await clock.advance(IDLE_MS);
    await tilt.until(() => tilt.count('snapshot') === 2);
    expect(server.count('watch')).toBe(1);
  });

  test('and what is still bad in the list is not told again', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.put(brokenSessionJson(A));
    await tilt.until(() => tilt.count('stale') === 1);
    await clock.advance(IDLE_MS);
    await server.until(() => server.count('list') === 2);
    await tellOne(server, tilt);
    expect([tilt.count('snapshot'), tilt.count('stale'), server.count('watch')]).toEqual([1, 1, 1]);
  });
});

describe('createLineReader', () => {
  /** Everything that a reader says of the chunks; `…` for a line that is too long. */
  function read(chunks: readonly Uint8Array[], maxBytes = 1000): string[] {
    const said: string[] = [];
    const reader = createLineReader(maxBytes, {
      line: (line) => said.push(String(line).trim()),
      overlong: () => said.push('…'),
    });
    for (const chunk of chunks) reader.push(chunk);
    return said;
  }

  const bytes = (text: string) => Buffer.from(text);

  test('a line is told when its end is there, and not before', () => {
    expect(read([bytes('{"a"'), bytes(':1}')])).toEqual([]);
    expect(read([bytes('{"a"'), bytes(':1}\n')])).toEqual(['{"a":1}']);
  });

  test('empty lines and a carriage return before the end are left out', () => {
    expect(read([bytes('a\r\n\r\n\nb\n')])).toEqual(['a', 'b']);
  });

  test('a last line without its end is dropped', () => {
    expect(read([bytes('a\n{"half')])).toEqual(['a']);
  });

  test('a line that is too long is told once, skipped to its end, and the next is read', () => {
    const chunks = [bytes('ok\nxxxx'), bytes('xxxxxxxxx'), bytes('xxxx'), bytes('x\nfine\n')];
    expect(read(chunks, 10)).toEqual(['ok', '…', 'fine']);
  });

  test('a line may be as long as allowed', () => {
    expect(read([bytes('12345\n')], 5)).toEqual(['12345']);
    expect(read([bytes('123456\n')], 5)).toEqual(['…']);
  });

  test('however the bytes are cut into chunks, within a character too, the lines are the same', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'ß', '€', '😀', '{', ' x') });
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(20)), (lines, sizes) => {
        const whole = bytes(lines.map((text) => `${text}\n`).join(''));
        const chunks: Uint8Array[] = [];
        let rest = whole;
        for (const size of sizes) {
          chunks.push(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        expect(read([...chunks, rest])).toEqual(
          lines.map((text) => text.trim()).filter((text) => text !== ''),
        );
      }),
    );
  });
});
