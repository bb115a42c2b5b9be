import fc from 'fast-check';
import stripAnsi from 'strip-ansi';
import { describe, expect, it } from 'vitest';
import { plainText } from '../../src/model/plain-text.js';
import { createMessage, createSegment, createTestReader } from './hud-messages.js';

describe('lines of a HUD message', () => {
  it('are the same however a text is split into segments', async () => {
    await fc.assert(
      fc.asyncProperty(logText, fc.array(fc.nat({ max: 200 })), async (text, cuts) => {
        const limits = { lineBytes: 20 };
        const whole = await readLines([text], limits);
        expect(await readLines(splitText(text, cuts), limits)).toEqual(whole);
      }),
    );
  });

  it('contain no control sequence but styles, and no more bytes than allowed', async () => {
    await fc.assert(
      fc.asyncProperty(logText, async (text) => {
        for (const line of await readLines([text], { lineBytes: 60 })) {
          expect(Buffer.byteLength(line)).toBeLessThanOrEqual(60);
          expect(plainText(line.replace(STYLE, ''))).toBe(line.replace(STYLE, ''));
          expect(stripAnsi(line)).toBe(line.replace(STYLE, ''));
        }
      }),
    );
  });

  it.each([
    ['a progress bar', '10%\r50%\r100%\n', '100%'],
    ['a line break of Windows', 'text\r\n', 'text'],
    ['a cleared line', 'old\r\u001b[Knew\n', 'new'],
    ['colors', '\u001b[31mred\u001b[0m\n', '\u001b[31mred\u001b[0m'],
    ['a color that is not reset', '\u001b[1;38;5;9mred\n', '\u001b[1;38;5;9mred\u001b[0m'],
    ['a color in 8 bits', '\u009b31mred\u009b0m\n', '\u001b[31mred\u001b[0m'],
    ['a hyperlink and a title', '\u001b]8;;http://x\u001b\\link\u001b]8;;\u0007 \u001b]0;t\u0007\n', 'link '],
    ['cursor movements and a bell', '\u001b[2J\u001b[1;1Ha\u0007\u001b(Bb\u001bc\n', 'ab'],
    ['an escape that never ends', 'a\u001b]0;text\n', 'a0;text'],
    ['marks of text direction and line separators', 'a\u202eb\u2028c\td\n', 'a\ufffdb c\td'],
    ['control characters within a style', '\u001b\u0000[31mx\n', '[31mx'],
  ])('show %s as a terminal does', async (_, text, expected) => {
    expect(await readLines([text])).toEqual([expected]);
  });

  it('are cut between characters, with an ellipsis', async () => {
    expect(await readLines([`${'é'.repeat(30)}\n`], { lineBytes: 21 })).toEqual([`${'é'.repeat(7)}…`]);
    expect(await readLines([`${'x'.repeat(100_000)}\n`, 'next\n'], { lineBytes: 50 })).toEqual([
      `${'x'.repeat(43)}…`,
      'next',
    ]);
  });

  it('never show a part of a secret that is cut', async () => {
    const [line] = await readLines([`${'\u001b[1m'.repeat(20)}get https://bob:hunter2xyz`, '@host\n'], {
      lineBytes: 26,
    });
    expect(line).not.toContain('hunter');
  });

  it('end when their span continues with another level', async () => {
    const { push, lines } = createTestReader();
    await push(createMessage(0, [createSegment('a', 'part'), createSegment('a', 'debug\n', 'DEBUG')]));
    expect(lines().map(({ level, styledText }) => `${level} ${styledText}`)).toEqual([
      'info part',
      'debug debug',
    ]);
  });

  it('of an unfinished error end where another span continues, in the order of the log', async () => {
    const { push, lines } = createTestReader();
    const error = createSegment('a', 'Build Failed: x', 'ERROR');
    await push(createMessage(0, [error, createSegment('b', 'other\n'), error]));
    expect(lines().map(({ styledText }) => styledText)).toEqual([
      'Build Failed: x',
      'other',
      'Build Failed: x',
    ]);
  });

  it('of at most 256 spans are kept back', async () => {
    const { push, lines } = createTestReader();
    const segments = Array.from({ length: 300 }, (_, index) => createSegment(`r${index}`, 'unfinished'));
    await push(createMessage(0, segments));
    expect(lines()).toHaveLength(44);
  });

  it('never show a part of a secret that is cut, after one that is redacted', async () => {
    const start = `token=${'a'.repeat(200)} https://bob:hunter2xyz`;
    const [line] = await readLines([start, 'abcdefghijklmnopqrstuvwxyz@host\n'], { lineBytes: 60 });
    expect(line).toBe('token=[REDACTED] …');
  });

  it('hide a private key over several lines and segments', async () => {
    const key = [
      '-----BEGIN PRIVATE KEY-----',
      'MIIEvQ',
      'IBADANBg==',
      '-----END PRIVATE KEY-----',
      'done',
      '',
    ];
    expect(await readLines(key.join('\n').split(/(?=A)/))).toEqual([
      '-----BEGIN PRIVATE KEY-----',
      '[REDACTED]',
      '[REDACTED]',
      '[REDACTED]-----END PRIVATE KEY-----',
      'done',
    ]);
  });

  it.each([
    ['after a certificate in the same line', '-----END CERTIFICATE-----'],
    ['with styles in its first line', '--\u001b[1m'],
  ])('hide a private key %s', async (_, before) => {
    const text = `${before}-----BEGIN RSA\u001b[0m PRIVATE KEY-----\nMIIEvQ\n-----END RSA PRIVATE KEY-----\nMII\n`;
    const [first, ...others] = await readLines([text]);
    expect(first).toContain('-----BEGIN RSA');
    expect(others).toEqual(['[REDACTED]', '[REDACTED]-----END RSA PRIVATE KEY-----', 'MII']);
  });

  it('hide a private key and a password that follow the end of another key in its line', async () => {
    const begin = '-----BEGIN PRIVATE KEY-----';
    const end = '-----END PRIVATE KEY-----';
    expect(await readLines([`${begin}\na\n${end} PASSWORD=x ${begin}\nb\n${end}\n`])).toEqual([
      begin,
      '[REDACTED]',
      `[REDACTED]${end} PASSWORD=[REDACTED] ${begin}`,
      '[REDACTED]',
      `[REDACTED]${end}`,
    ]);
  });

  it('find a secret that is divided into segments', async () => {
    expect(await readLines(['PASS', 'WORD=hun', 'ter2\n'])).toEqual(['PASSWORD=[REDACTED]']);
  });
});

const STYLE = new RegExp(`${'\\u001b'}\\[[\\d;:]*m`, 'g');

const logText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        '\u001b[31m',
        '\u001b[0m',
        '\u001b[K',
        '\u001b]0;t\u0007',
        '\u001b',
        '\u009b3m',
        '😀',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({ maxLength: 30 }),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));

function splitText(text: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

async function readLines(parts: readonly string[], limits: { lineBytes?: number } = {}): Promise<string[]> {
  const { push, reader, lines } = createTestReader({ limits });
  await push(
    createMessage(
      0,
      parts.map((part) => createSegment('a', part)),
    ),
  );
  reader.flush();
  return lines().map(({ styledText }) => styledText);
}
