import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLineReader } from '../../../src/providers/tilt/follow-watch.js';
import { type FollowedTilt, followTilt } from '../../support/follow-tilt.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { brokenSessionJson, sessionJson } from '../../support/session-json.js';
import { createStatus } from '../../support/tilt-responses.js';
import { createTiltServer, type TiltServer, type TiltServerOptions } from '../../support/tilt-server.js';

const A = { uid: 'a' };
const IDLE_MS = 30_000;

/** A provider with a manual clock that has read all changes so far. */
async function followQuietly(
  server: TiltServer,
  clock: ManualClock,
  limits: { readonly maxBytes?: number } = {},
): Promise<FollowedTilt> {
  const tilt = await followTilt(server, { clock, ...limits });
  await writeOne(server, tilt);
  return tilt;
}

/** Writes one more change and waits until it is read. */
async function writeOne(server: TiltServer, tilt: FollowedTilt): Promise<void> {
  await server.until(() => server.openWatches === 1);
  const { resourceVersion } = server.put(sessionJson(A)).metadata;
  await tilt.until(() => tilt.sessions.get('Tiltfile')?.metadata.resourceVersion === resourceVersion);
}

const serverWith = (options: TiltServerOptions = {}) =>
  createTiltServer({ sessions: [sessionJson(A)], ...options });

describe('the lines of a watch', () => {
  test('are intact when a chunk ends inside a character', async () => {
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

  test('that are too long are skipped and reported once, and the watch continues', async () => {
    await using server = await serverWith();
    await using tilt = await followQuietly(server, createManualClock(), { maxBytes: 10_000 });
    server.put(sessionJson({ ...A, status: { error: 'x'.repeat(500_000) } }));
    await writeOne(server, tilt);
    expect(tilt.staleReasons).toEqual([
      'a line of the watch: expected at most 10000 bytes, got more; it was skipped',
    ]);
    expect(server.count('watch')).toBe(1);
  });
});

test.each([{ plain: true }, { plain: false }])(
  'a watch that is answered with an ERROR event in a single packet leads to a new list: %o',
  async (options) => {
    await using server = await serverWith(options);
    await using tilt = await followQuietly(server, createManualClock());
    for (let n = 1; n <= 5; n += 1) {
      const event = { type: 'ERROR', object: createStatus(410, 'too old resource version') };
      server.respond('watch', { status: 200, body: `${JSON.stringify(event)}\n` }, 1);
      const lists = server.count('list');
      server.endWatches();
      await server.until(() => server.count('list') > lists);
      await writeOne(server, tilt);
    }
    expect(tilt.staleReasons).toEqual([]);
  },
);

describe('a list after 30 s of silence', () => {
  test('leaves a quiet watch alone', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    await clock.advance(IDLE_MS - 1);
    expect(server.count('list')).toBe(1);
    await clock.advance(1);
    await server.until(() => server.count('list') === 2);
    await writeOne(server, tilt);
    expect([tilt.count('snapshot'), server.count('watch')]).toEqual([1, 1]);
  });

  test('is counted from the last complete line', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    await clock.advance(IDLE_MS - 1);
    await writeOne(server, tilt);
    await clock.advance(IDLE_MS - 1);
    expect(server.count('list')).toBe(1);
    await clock.advance(1);
    await server.until(() => server.count('list') === 2);
  });

  test('replaces a dead watch when the list has changed', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.stallWatches();
    server.put(sessionJson({ ...A, status: { done: true } }));
    await clock.advance(IDLE_MS);
    await tilt.until(() => tilt.count('snapshot') === 2);
    expect(tilt.sessions.get('Tiltfile')?.status.done).toBe(true);
    await server.until(() => server.openWatches === 1 && server.count('watch') === 2);
    expect(server.count('list')).toBe(2);
  });

  test('replaces a dead watch when a Session is missing from the list', async () => {
    await using server = await serverWith({ sessions: [sessionJson(A), sessionJson({ name: 'b' })] });
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.stallWatches();
    server.remove('b');
    await clock.advance(IDLE_MS);
    await tilt.until(() => tilt.count('snapshot') === 2);
    expect([...tilt.sessions.keys()]).toEqual(['Tiltfile']);
  });

  test('makes the source unreachable when the list takes longer than 10 s', async () => {
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

  test('is ignored when the watch delivers a line meanwhile', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.respond('list', 'silent');
    await clock.advance(IDLE_MS);
    await server.until(() => server.count('list') === 2);
    await writeOne(server, tilt);
    await clock.advance(10_000);
    await writeOne(server, tilt);
    expect([tilt.count('snapshot'), server.count('watch')]).toEqual([1, 1]);
  });

  test('clears stale Sessions when everything in it is valid', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.write('nonsense\n');
    await tilt.until(() => tilt.count('stale') === 1);
    await clock.advance(IDLE_MS);
    await tilt.until(() => tilt.count('snapshot') === 2);
    expect(server.count('watch')).toBe(1);
  });

  test('reports an invalid Session that is already stale only once', async () => {
    await using server = await serverWith();
    const clock = createManualClock();
    await using tilt = await followQuietly(server, clock);
    server.put(brokenSessionJson(A));
    await tilt.until(() => tilt.count('stale') === 1);
    await clock.advance(IDLE_MS);
    await server.until(() => server.count('list') === 2);
    await writeOne(server, tilt);
    expect([tilt.count('snapshot'), tilt.count('stale'), server.count('watch')]).toEqual([1, 1, 1]);
  });
});

describe('createLineReader', () => {
  /** All lines of the chunks; `…` for a line that is too long. */
  function read(chunks: readonly Uint8Array[], maxBytes = 1000): string[] {
    const lines: string[] = [];
    const reader = createLineReader(maxBytes, {
      line: (line) => lines.push(String(line).trim()),
      overlong: () => lines.push('…'),
    });
    for (const chunk of chunks) reader.push(chunk);
    return lines;
  }

  const bytes = (text: string) => Buffer.from(text);

  test('hands out a line when its line feed has arrived, and not before', () => {
    expect(read([bytes('{"a"'), bytes(':1}')])).toEqual([]);
    expect(read([bytes('{"a"'), bytes(':1}\n')])).toEqual(['{"a":1}']);
  });

  test('leaves out blank lines, and a carriage return before the line feed', () => {
    expect(read([bytes('a\r\n\r\n\nb\n')])).toEqual(['a', 'b']);
  });

  test('drops an incomplete last line', () => {
    expect(read([bytes('a\n{"half')])).toEqual(['a']);
  });

  test('reports a line that is too long once, skips it to its end, and reads the next', () => {
    const chunks = [bytes('ok\nxxxx'), bytes('xxxxxxxxx'), bytes('xxxx'), bytes('x\nfine\n')];
    expect(read(chunks, 10)).toEqual(['ok', '…', 'fine']);
  });

  test('accepts a line of exactly the maximum length', () => {
    expect(read([bytes('12345\n')], 5)).toEqual(['12345']);
    expect(read([bytes('123456\n')], 5)).toEqual(['…']);
  });

  test('returns the same lines for any division into chunks, also inside a character', () => {
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
