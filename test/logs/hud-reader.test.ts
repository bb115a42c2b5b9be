import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { DecodeError } from '../../src/model/decode-fields.js';
import type { LogLine } from '../../src/model/log.js';
import {
  createMessage,
  createSegment,
  createTestReader,
  encode,
  encodeLong,
  type RawMessage,
  type RawSegment,
  readHudRecording,
} from './hud-messages.js';

const RECORDINGS = ['hud-up', 'hud-ci'] as const;
const WAYS = ['push', 'pushLong'] as const;

describe.each(RECORDINGS)('createHudReader with the recording %s', (name) => {
  const messages = readHudRecording(name);
  const expected = messages.flatMap(expectedLines);

  it.each(WAYS)('reads the lines, resources and levels as recorded (%s)', async (way) => {
    const reader = createTestReader();
    for (const message of messages) await reader[way](message);
    expect(summarize(reader.lines())).toEqual(expected);
  });

  it.each(WAYS)('reads each line once when messages are split and repeated (%s)', async (way) => {
    const reader = createTestReader();
    const parts = messages.flatMap(splitMessage);
    for (const [index, part] of parts.entries()) {
      await reader[way](part);
      await reader[way](parts[Math.max(0, index - 3)] ?? part);
    }
    expect(summarize(reader.lines())).toEqual(expected);
  });

  it.each(WAYS)('reads each line once when messages overlap (%s)', async (way) => {
    const reader = createTestReader();
    for (const index of messages.keys()) {
      await reader[way](joinMessages(messages.slice(Math.max(0, index - 2), index + 1)));
    }
    expect(summarize(reader.lines())).toEqual(expected);
  });

  it.each(WAYS)('continues after a reconnection at any message (%s)', async (way) => {
    for (let cut = 1; cut < messages.length; cut += way === 'push' ? 1 : 7) {
      const reader = createTestReader();
      for (const message of messages.slice(0, cut)) await reader[way](message);
      reader.reader.reset();
      await reader[way](joinMessages(messages.slice(0, cut + 1)));
      for (const message of messages.slice(cut + 1)) await reader[way](message);
      expect(summarize(reader.lines())).toEqual(expected);
    }
  });
});

describe('createHudReader', () => {
  it('knows the targets of a recorded failure', async () => {
    const reader = createTestReader();
    for (const message of readHudRecording('hud-up')) await reader.push(message);
    const targets = new Set(reader.lines().map(({ resource, target }) => `${resource} ${target}`));
    expect([...targets].sort()).toEqual([
      '(Tiltfile) null',
      '(Tiltfile) tiltfile:update',
      'broken broken:update',
      'crash crash:serve',
      'crash crash:update',
      'ok ok:update',
      'srv srv:serve',
      'srv srv:update',
    ]);
  });

  it.each([
    ['fewer segments', createMessage(0, [createSegment('b', 'new\n')])],
    [
      'another start time',
      createMessage(
        0,
        [1, 2, 3, 4].map(() => createSegment('b', 'new\n')),
        'run 2',
      ),
    ],
  ])('starts over for another run of Tilt with %s', async (_, complete) => {
    const { push, reader, log } = createTestReader();
    await push(
      createMessage(
        0,
        [1, 2, 3].map(() => createSegment('a', 'old\n')),
      ),
    );
    reader.reset();
    await push(complete);
    expect(new Set(log.tail({}, 10).map(({ resource }) => resource))).toEqual(new Set(['b']));
    expect(log.since(0, { resource: 'a' }, 10)).toMatchObject({ lines: [], dropped: 3 });
  });

  it.each(WAYS)('ignores messages without new lines (%s)', async (way) => {
    const { log, ...reader } = createTestReader();
    await reader[way]({ tiltStartTime: 'run 1' });
    await reader[way]({ logList: { fromCheckpoint: -1, toCheckpoint: -1 } });
    await reader[way]({ logList: {} });
    expect(log.position).toBe(0);
  });

  it.each(WAYS)('keeps back an unfinished line until it ends or is flushed (%s)', async (way) => {
    const { reader, lines, ...ways } = createTestReader();
    await ways[way](createMessage(0, [createSegment('a', 'one '), createSegment('b', 'prompt> ')]));
    expect(lines()).toEqual([]);
    await ways[way](createMessage(2, [createSegment('a', 'line\n')]));
    expect(lines().map(({ styledText }) => styledText)).toEqual(['one line']);
    reader.flush('a:update');
    expect(lines()).toHaveLength(1);
    reader.flush('b:update');
    expect(lines().map(({ styledText }) => styledText)).toEqual(['one line', 'prompt> ']);
  });

  it.each(WAYS)(
    'reports a segment that cannot be read, with its field, and reads the others (%s)',
    async (way) => {
      const errors: DecodeError[] = [];
      const reader = createTestReader({ onInvalid: (error) => errors.push(error) });
      const good = createSegment('a', 'good\n');
      // A hostile Tilt: no member has to have its type.
      const segments = JSON.parse(
        JSON.stringify([good, { ...good, time: 'now' }, 7, { ...good, text: 5 }, good]),
      );
      await reader[way](createMessage(0, segments));
      expect(reader.lines().map(({ styledText }) => styledText)).toEqual(['good', 'good']);
      expect(errors.map(({ path }) => path)).toEqual([expect.stringMatching(/^logList\.segments\[[123]\]/)]);
    },
  );

  it.each([
    ['no JSON', Buffer.from('{"logList":'), /JSON/],
    ['a long message that is cut', encodeLong(createMessage(0, [])).subarray(0, -1), /JSON at byte \d+/],
    ['a list', Buffer.from('[]'), /expected an object/],
    [
      'segments that are no list',
      encode(JSON.parse('{"logList":{"segments":{}}}')),
      /segments: expected a list/,
    ],
    [
      'checkpoints that are no interval',
      encode({ logList: { fromCheckpoint: 3, toCheckpoint: 1 } }),
      /toCheckpoint/,
    ],
  ])('rejects %s and reads the next message', async (_, bytes, error) => {
    const { reader, push, log } = createTestReader();
    await expect(reader.push(bytes)).rejects.toThrow(error);
    await push(createMessage(0, [createSegment('a', 'next\n')]));
    expect(log.position).toBe(1);
  });

  it('rejects a long text that is no JSON after a few attempts to parse its start', async () => {
    const { reader } = createTestReader();
    const text = 'x'.repeat(200_000);
    const message = encode(createMessage(0, [createSegment('a', text)])).toString();
    const attempts = vi.spyOn(JSON, 'parse');
    try {
      // A tab must be escaped in JSON.
      await expect(reader.push(Buffer.from(message.replace(text, `\t${text}`)))).rejects.toThrow(
        /JSON at byte/,
      );
      expect(attempts.mock.calls.length).toBeLessThan(20);
    } finally {
      attempts.mockRestore();
    }
  });

  it.each(WAYS)('reads the lines after a message whose end is wrong (%s)', async (way) => {
    const reader = createTestReader();
    const { logList } = createMessage(0, [createSegment('a', 'one\n')]);
    await reader[way]({ logList: { ...logList, toCheckpoint: Number.MAX_SAFE_INTEGER } });
    await reader[way](createMessage(1, [createSegment('a', 'two\n')]));
    expect(reader.lines().map(({ styledText }) => styledText)).toEqual(['one', 'two']);
  });

  it('reads the rest of an aborted message with the next connection, and no line twice', async () => {
    const abort = new AbortController();
    let yields = 0;
    const { pushLong, reader, lines } = createTestReader({
      yieldToLoop: async () => {
        yields += 1;
        if (lines().length > 100) abort.abort();
      },
    });
    const segments = Array.from({ length: 900 }, (_, index) =>
      createSegment('a', `line ${index} ${'x'.repeat(99)}\n`),
    );
    await pushLong(createMessage(0, segments), abort.signal);
    const before = lines().length;
    expect(before).toBeLessThan(900);
    reader.reset();
    await pushLong(createMessage(0, segments));
    expect(yields).toBeGreaterThan(2);
    expect(lines().map(({ styledText }) => styledText.split(' ')[1])).toEqual(
      Array.from({ length: 900 }, (_, index) => `${index}`).slice(-lines().length),
    );
  });

  describe.each(WAYS)('after a gap in the log (%s)', (way) => {
    const texts = (lines: readonly LogLine[]) => lines.map(({ styledText }) => styledText);

    it.each([true, false])(
      'counts the missing segments for every reader (reconnected: %s)',
      async (again) => {
        const reader = createTestReader();
        await reader[way](
          createMessage(0, [createSegment('a', 'one\n'), createSegment('a', 'two: the star')]),
        );
        const { position } = reader.log;
        if (again) reader.reader.reset();
        await reader[way](
          createMessage(50_000, [createSegment('a', 't of another line\n'), createSegment('a', 'last\n')]),
        );
        expect(texts(reader.lines())).toEqual(['one', 'two: the …', 'last']);
        // The missing segments may belong to any resource. The hidden line belongs to one.
        for (const selection of [{}, { resource: 'a' }, { target: 'a:update' }]) {
          expect(reader.log.since(position, selection, 9)).toMatchObject({ dropped: 49_998 + 1 });
        }
        expect(reader.log.since(position, { resource: 'b' }, 9)).toMatchObject({ dropped: 49_998 });
        expect(reader.log.since(reader.log.position, {}, 9)).toMatchObject({ dropped: 0 });
      },
    );

    it('counts a gap once if messages are repeated', async () => {
      const reader = createTestReader();
      await reader[way](createMessage(0, [createSegment('a', 'one\n')]));
      for (const from of [5, 5, 3]) {
        reader.reader.reset();
        const segments = Array.from({ length: 8 - from }, (_, index) =>
          createSegment('a', `${from + index}\n`),
        );
        await reader[way](createMessage(from, segments));
      }
      expect(texts(reader.lines())).toEqual(['one', '6', '7']);
      expect(reader.log.since(1, {}, 9).dropped).toBe(4 + 1);
    });

    it('counts nothing before the first message of a run, whose first line may be cut', async () => {
      const reader = createTestReader();
      await reader[way](createMessage(700, [createSegment('a', 'hunter2\n'), createSegment('a', 'next\n')]));
      expect(texts(reader.lines())).toEqual(['next']);
      expect(reader.log.position).toBe(2);
    });

    it('hides the rest of a secret whose name is missing, in all its segments', async () => {
      const reader = createTestReader();
      await reader[way](createMessage(0, [createSegment('a', 'token=')]));
      await reader[way](
        createMessage(9, [
          createSegment('b', 'hun'),
          createSegment('a', 'hunter2'),
          createSegment('b', 'ter2'),
          createSegment('a', ' hunter2\nshown\nhalf '),
        ]),
      );
      await reader[way](
        createMessage(13, [
          createSegment('b', 'hunter2\n'),
          createSegment('a', 'line\n'),
          createSegment('b', 'b\n'),
          createSegment('c', 'c\n'),
        ]),
      );
      expect(texts(reader.lines())).toEqual(['…', 'shown', 'half line', 'b', 'c']);
      expect(reader.log.since(1, {}, 9).dropped).toBe(8 + 2);
    });

    it('hides the rest of an unfinished line, also if its span continues in a later message', async () => {
      const reader = createTestReader();
      await reader[way](createMessage(0, [createSegment('a', 'token=')]));
      await reader[way](createMessage(9, [createSegment('b', 'b\n'), createSegment('b', 'shown\n')]));
      await reader[way](createMessage(11, [createSegment('a', 'hunter2\nnext\n')]));
      expect(texts(reader.lines())).toEqual(['…', 'shown', 'next']);
    });

    it('shows a message of Tilt that follows another span', async () => {
      const reader = createTestReader();
      await reader[way](
        createMessage(9, [createSegment('a', 'rest\n'), createSegment('b', 'Build Failed: x\n', 'ERROR')]),
      );
      expect(texts(reader.lines())).toEqual(['Build Failed: x']);
    });

    it('hides a private key whose first line is hidden', async () => {
      const reader = createTestReader();
      const key = ['-----BEGIN PRIVATE KEY-----\n', 'MIIEvQ\n', '-----END PRIVATE KEY-----\n'];
      await reader[way](
        createMessage(
          9,
          key.map((text) => createSegment('a', text)),
        ),
      );
      expect(texts(reader.lines())).toEqual(['[REDACTED]', '[REDACTED]-----END PRIVATE KEY-----']);
    });

    it('keeps the older lines of all resources', async () => {
      const reader = createTestReader();
      await reader[way](createMessage(0, [createSegment('a', 'old\n'), createSegment('b', 'old\n')]));
      await reader[way](createMessage(90, [createSegment('a', 'x\n'), createSegment('a', 'new\n')]));
      expect(texts(reader.log.tail({ resource: 'b' }, 9))).toEqual(['old']);
      expect(texts(reader.log.tail({ resource: 'a' }, 9))).toEqual(['old', 'new']);
    });

    it('forgets the gap for another run of Tilt', async () => {
      const reader = createTestReader();
      await reader[way](createMessage(0, [createSegment('a', 'token=')]));
      await reader[way](createMessage(90, []));
      await reader[way](createMessage(0, [createSegment('a', 'shown\n')], 'run 2'));
      expect(texts(reader.lines())).toEqual(['shown']);
    });

    it('bounds the number of a gap, whatever a checkpoint is', async () => {
      const reader = createTestReader();
      await reader[way](createMessage(0, [createSegment('a', 'one\n')]));
      await reader[way](createMessage(Number.MAX_SAFE_INTEGER - 9, [createSegment('a', 'x\n')]));
      expect(reader.log.since(1, {}, 9).dropped).toBe(2 ** 31);
    });
  });

  it('counts the gap of an aborted message once', async () => {
    const abort = new AbortController();
    const { push, pushLong, reader, log, lines } = createTestReader({
      yieldToLoop: async () => abort.abort(),
    });
    const message = createMessage(50, [createSegment('a', 'x\n'), createSegment('a', 'new\n')]);
    await push(createMessage(0, [createSegment('a', 'old\n')]));
    await pushLong(message, abort.signal);
    expect(lines()).toHaveLength(1);
    reader.reset();
    await push(message);
    expect(lines().map(({ styledText }) => styledText)).toEqual(['old', 'new']);
    expect(log.since(1, {}, 9).dropped).toBe(49 + 1);
  });

  it('pauses in each 64 KiB of spans, also of those without a segment', async () => {
    let yields = 0;
    const { reader, lines } = createTestReader({
      yieldToLoop: async () => {
        yields += 1;
      },
    });
    const spans = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, index) => [`cmd:r${index}:update`, { manifestName: `r${index}` }]),
    );
    const message = createMessage(0, [createSegment('r7', 'text\n')]);
    const bytes = encode({ ...message, logList: { ...message.logList, spans } });
    await reader.push(bytes);
    expect(lines().map(({ resource }) => resource)).toEqual(['r7']);
    // Spans are skipped first, and read after the segments.
    expect(yields).toBeGreaterThan((1.5 * bytes.length) / (64 * 1024));
  });

  it('reads segments in any order of members, and spans after them', async () => {
    const { reader, lines } = createTestReader();
    const text = encodeLong(createMessage(0, [])).toString();
    const list = `{"toCheckpoint":2, "segments": [ {"text":"a\\\\n","level":"WARN","time":"2026-11-26T01:40:48Z","spanId":"build:1"} ,
      {"time":"2026-11-26T01:40:49Z","level":"WARN","text":"b\\n","spanId":"build:1"}], "spans":{"build:1":{"manifestName":"x"}}}`;
    await reader.push(Buffer.from(text.replace(/"logList":\{.*?\]\s*,.*?\}/, `"logList":${list}`)));
    expect(
      lines().map(({ resource, target, level, styledText }) => [resource, target, level, styledText]),
    ).toEqual([['x', 'x:update', 'warn', 'a\\nb']]);
  });

  it('keeps and counts the same lines whether a message is parsed at once or in steps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(gaps, fc.array(segments, { maxLength: 30, size: 'max' })), { maxLength: 4 }),
        async (batches) => {
          const limits = { lines: 3 };
          const [whole, steps] = [createTestReader({ limits }), createTestReader({ limits })];
          let from = 0;
          for (const [gap, batch] of batches) {
            from += gap;
            await whole.push(createMessage(from, batch));
            await steps.pushLong(createMessage(from, batch));
            from += batch.length;
          }
          whole.reader.flush();
          steps.reader.flush();
          for (const resource of ['a', 'b']) {
            expect(steps.log.since(0, { resource }, 100)).toEqual({
              ...whole.log.since(0, { resource }, 100),
              position: steps.log.position,
            });
          }
          expect(steps.log.position).toBe(whole.log.position);
        },
      ),
    );
  });
});

/** Number of segments that are missing before a message. */
const gaps = fc.constantFrom(0, 0, 5);

const segments: fc.Arbitrary<RawSegment> = fc
  .tuple(
    fc.constantFrom('a', 'b'),
    fc.constantFrom(
      'x\n',
      'y',
      '\n',
      '',
      'z\\n',
      'ä"\n',
      'p\nq',
      '\r\n',
      '10%\r',
      '<\u001b[31m>\n',
      'y',
      'y',
    ),
    fc.constantFrom('INFO', 'INFO', 'INFO', 'ERROR', 'DEBUG', 'DEBUG'),
  )
  .map((parts) => createSegment(...parts));

/** Lines that a message must give: in the recordings every segment is a line. */
function expectedLines({ logList }: RawMessage): string[] {
  return (logList?.segments ?? []).map(({ spanId = '', text, level }) => {
    const resource = logList?.spans?.[spanId]?.manifestName || '(Tiltfile)';
    return `${resource} ${level.toLowerCase()} ${text.replace(/\n$/, '')}`;
  });
}

function summarize(lines: readonly LogLine[]): string[] {
  return lines.map(({ resource, level, styledText }) => `${resource} ${level} ${styledText}`);
}

/** Splits a message into one for each segment. */
function splitMessage(message: RawMessage): RawMessage[] {
  const { logList } = message;
  if (logList?.segments === undefined) return [message];
  const from = logList.fromCheckpoint ?? 0;
  return logList.segments.map((segment, index) => ({
    ...message,
    logList: {
      ...logList,
      segments: [segment],
      fromCheckpoint: from + index,
      toCheckpoint: from + index + 1,
    },
  }));
}

/** Joins messages that follow each other into one, as Tilt does for a slow client or a new connection. */
function joinMessages(messages: readonly RawMessage[]): RawMessage {
  const lists = messages.flatMap(({ logList }) => logList ?? []);
  const logList = {
    spans: Object.assign({}, ...lists.map(({ spans }) => spans)),
    segments: lists.flatMap(({ segments = [] }) => segments),
    fromCheckpoint: lists[0]?.fromCheckpoint ?? 0,
    toCheckpoint: lists.at(-1)?.toCheckpoint ?? 0,
  };
  return { ...messages.at(-1), ...(lists.length === 0 ? {} : { logList }) };
}
