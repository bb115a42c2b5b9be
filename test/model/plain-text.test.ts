import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clusterErrorLine,
  extractHeadline,
  plainText,
  shortenError,
  shortenReason,
} from '../../src/model/plain-text.js';

describe('plainText', () => {
  it.each([
    ['colours', '\u001b[31mboom\u001b[0m', 'boom'],
    ['a hyperlink', '\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007', 'click'],
    ['a window title', '\u001b]0;owned\u0007ok', 'ok'],
    ['progress output', '10%\r50%\r\ndone', '10%\n50%\ndone'],
    ['a bell and a lone escape', 'a\u0007b\u001b', 'a\ufffdb\ufffd'],
    ['marks of text direction', 'a\u202eb', 'a\ufffdb'],
    ['a C1 control', 'a\u0085b', 'a\ufffdb'],
  ])('removes %s and keeps the text', (_, text, expected) => {
    expect(plainText(text)).toBe(expected);
  });

  it('returns a text without such characters unchanged, including tabs and line breaks', () => {
    expect(plainText('a\tb\nc — ü 🚀')).toBe('a\tb\nc — ü 🚀');
  });

  it('never leaves a control character, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plainText(text)).not.toMatch(/[^\P{Cc}\t\n]/u);
      }),
    );
  });
});

describe('extractHeadline', () => {
  it('is the last line of a Starlark traceback', () => {
    const error =
      'Traceback (most recent call last):\n  /shop/Tiltfile:1:5: in <toplevel>\n  <builtin>: in fail\nError: nope\n';
    expect(extractHeadline(error)).toBe('Error: nope');
  });

  it('is the first line of any other error', () => {
    expect(extractHeadline('\nexit status 1\nmore output\n')).toBe('exit status 1');
  });
});

describe('shortenError', () => {
  it.each([
    ['Command "echo \\"a\\"; exit 4" failed: exit status 4', 'exit status 4'],
    ['exit status 1', 'exit status 1'],
    ['', ''],
  ])('the error %j is shown as "%s"', (error, shown) => {
    expect(shortenError(error)).toBe(shown);
  });

  it('a long error keeps its end', () => {
    expect(shortenError(`${'x'.repeat(200)}: connection refused`, 30)).toBe(
      `…${'x'.repeat(9)}: connection refused`,
    );
  });
});

describe('shortenReason', () => {
  it('the reason of a verdict is shown without the command of its target', () => {
    expect(shortenReason('unit:update: Command "make \n test" failed: exit status 1')).toBe(
      'unit:update: exit status 1',
    );
    const unnamed = 'Command "make test" failed: exit status 1';
    expect(shortenReason(unnamed)).toBe(unnamed);
  });

  it('a reason that begins 200,000 commands and ends none is shortened within the time of a test', () => {
    const reason = 'a: Command "'.repeat(200_000).trim();
    expect(shortenReason(reason)).toBe(`${reason.slice(0, 40)}…${reason.slice(-99)}`);
  });

  it('the command reaches from its first start after a name to its last end', () => {
    const part = fc.constantFrom('a', ' ', ': ', 'Command "', '" failed: ');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
        const line = parts.join('').trim();
        expect(shortenReason(line)).toBe(line.replace(/^(.+?: )Command ".*" failed: /, '$1'));
      }),
      { numRuns: 1_000 },
    );
  });

  it('a long reason keeps the name at its start and the informative end', () => {
    const reason = shortenReason(`unit:update: ${'x'.repeat(300)}: connection refused`);
    expect(reason).toMatch(/^unit:update: x+…x+: connection refused$/);
    expect(reason).toHaveLength(140);
  });
});

describe('clusterErrorLine', () => {
  it('a first line that ends with a colon includes the next one', () => {
    const error = 'Tilt cannot connect:\n\tdial tcp: connection refused\nRestart Tilt.';
    expect(clusterErrorLine(error)).toBe('Tilt cannot connect: dial tcp: connection refused');
    expect(clusterErrorLine('dial tcp\nRestart Tilt.')).toBe('dial tcp');
  });
});
