import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { createHudReader } from '../../../src/logs/hud-reader.js';
import { createRedactor } from '../../../src/logs/redact.js';
import { createSessionLog } from '../../../src/logs/session-log.js';
import { DecodeError } from '../../../src/model/decode.js';
import type { LogLine } from '../../../src/model/log.js';
import { plainText } from '../../../src/model/plain-text.js';
import { almostJson, applyEdits, deeplyNested, hostileValues, jsonEdits } from '../arbitraries/json.js';
import { awkwardTexts, hostileBytes, hostileTexts } from '../arbitraries/texts.js';
import { assertErrorMessage } from '../harness/session-store.js';
import { defineSurface } from '../harness/surface.js';
import { Violation } from '../harness/violation.js';

const SPANS = [
  '',
  'cmd:a:update',
  'build:1',
  'localserve:1',
  'tiltfile:(Tiltfile):1',
  'pod:b:x',
  '__proto__',
];

const texts = fc.oneof(
  hostileTexts,
  awkwardTexts.map((text) => `${text}\n`),
  fc.constantFrom(
    '10%\r',
    '\u001b[31mred',
    '\u001b]0;',
    'PASSWORD=',
    '-----BEGIN PRIVATE KEY-----\n',
    '\n\n',
  ),
);

const segments = fc.record(
  {
    spanId: fc.constantFrom(...SPANS),
    time: fc.constantFrom('2026-11-26T01:40:48.430122Z', '2026-11-26T01:40:48Z', 'now'),
    text: texts,
    level: fc.constantFrom('INFO', 'ERROR', 'WARN', 'NEW'),
    anchor: fc.boolean(),
    fields: hostileValues,
  },
  { requiredKeys: ['time', 'text'] },
);

const messages = fc
  .tuple(
    fc.record(
      {
        logList: fc.record(
          {
            spans: fc.dictionary(
              fc.constantFrom(...SPANS),
              fc.record({ manifestName: fc.constantFrom('a', 'b', '', '(Tiltfile)') }, { requiredKeys: [] }),
            ),
            segments: fc.array(segments, { maxLength: 12 }),
            fromCheckpoint: fc.integer({ min: -1, max: 8 }),
            toCheckpoint: fc.integer({ min: -1, max: 20 }),
          },
          { requiredKeys: ['segments'] },
        ),
        tiltStartTime: fc.constantFrom('run 1', 'run 2'),
        isComplete: fc.boolean(),
      },
      { requiredKeys: ['logList'] },
    ),
    fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: jsonEdits }),
  )
  .map(([message, edits]) => applyEdits(message, edits));

const inputs = fc.oneof(
  { weight: 8, arbitrary: messages.map((message) => Buffer.from(JSON.stringify(message) ?? '')) },
  { weight: 2, arbitrary: almostJson(messages).map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: deeplyNested(messages).map((text) => Buffer.from(text)) },
  {
    weight: 1,
    arbitrary: hostileBytes(messages.map((message) => Buffer.from(JSON.stringify(message) ?? ''))),
  },
);

const LIMITS = { lines: 5, bytes: 4_000, totalBytes: 6_000, lineBytes: 80 };
const redactor = createRedactor([]);

/** Longer than a message that is parsed at once. JSON allows white space at its start. */
const PADDING = Buffer.alloc(65 * 1024, ' ');

/** Messages of Tilt's HUD, short ones and long ones that are read in steps. */
export const hudMessages = defineSurface({
  name: 'hud-messages',
  share: 60,
  arbitrary: fc.array(fc.tuple(inputs, fc.boolean()), { minLength: 1, maxLength: 6 }),
  count: (all) => all.length,
  async check(all) {
    const short = createReader();
    const long = createReader();
    for (const [bytes, isFirst] of all) {
      if (isFirst) for (const { reader } of [short, long]) reader.reset();
      await push(short, bytes);
      await push(long, Buffer.concat([PADDING, bytes]));
    }
    for (const { log, reader } of [short, long]) {
      reader.flush();
      assertBounded(log.tail({}, Number.POSITIVE_INFINITY));
      deepStrictEqual(log.since(log.position, {}, 9), { lines: [], dropped: 0, position: log.position });
      const { lines, dropped } = log.since(0, {}, Number.POSITIVE_INFINITY);
      if (lines.length + dropped !== log.position) throw new Violation('lines are not counted', dropped);
    }
  },
});

function createReader() {
  const log = createSessionLog(LIMITS);
  const reader = createHudReader({
    log,
    redactor,
    limits: LIMITS,
    yieldToLoop: () => Promise.resolve(),
    onInvalid: (error) => assertErrorMessage(error, DecodeError),
  });
  return { log, reader };
}

async function push({ reader }: ReturnType<typeof createReader>, bytes: Buffer): Promise<void> {
  try {
    await reader.push(bytes);
  } catch (error) {
    assertErrorMessage(error, DecodeError);
  }
}

const STYLE = new RegExp(`${'\\u001b'}\\[[\\d;:]*m`, 'g');

function assertBounded(lines: readonly LogLine[]): void {
  for (const { styledText, resource, target } of lines) {
    const text = styledText.replace(STYLE, '');
    if (plainText(text) !== text || text.includes('\n'))
      throw new Violation('a line has controls', styledText);
    if (Buffer.byteLength(styledText) > LIMITS.lineBytes)
      throw new Violation('a line is too long', styledText);
    if (typeof resource !== 'string' || target === '')
      throw new Violation('a line has no resource', resource);
  }
}
