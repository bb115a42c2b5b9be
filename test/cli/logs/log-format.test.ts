import { describe, expect, it } from 'vitest';
import { createTextFormat, formatJson, type PrintedLine } from '../../../src/cli/logs/log-format.js';
import { plainText } from '../../../src/model/plain-text.js';

function line(styledText: string, resource = 'api', session = 'a/Tiltfile'): PrintedLine {
  const time = '2026-11-22T12:00:00.000001Z';
  const text = plainText(styledText);
  return { session, time, level: 'INFO', resource, target: null, styledText, text };
}

const PLAIN = { hasPrefix: true, isColored: false };
const COLORED = { hasPrefix: true, isColored: true };

describe('lines of logs for people', () => {
  it('prefixes have the width of the longest name so far, and at most 24 columns', () => {
    const format = createTextFormat(PLAIN);
    const names = ['web', 'frontend', 'api', 'a-resource-with-a-very-long-name', '漢字'];
    expect([['web'], names.slice(1)].map((some) => format(some.map((name) => line('x', name))))).toEqual([
      'web │ x\n',
      [
        `frontend${' '.repeat(16)} │ x\n`,
        `api${' '.repeat(21)} │ x\n`,
        '…e-with-a-very-long-name │ x\n',
        `漢字${' '.repeat(20)} │ x\n`,
      ].join(''),
    ]);
  });

  it('a terminal shows the colors of a line, and the same color for each name', () => {
    const format = createTextFormat(COLORED);
    const [first, second] = [format([line('\u001b[31mred\u001b[0m end')]), format([line('next')])];
    const [prefix, text] = first.split('api │ ');
    expect(prefix).toMatch(/^.\[\d+m$/);
    expect(text).toBe('\u001b[0m\u001b[31mred\u001b[0m end\u001b[0m\n');
    expect(second).toBe(`${prefix}api │ \u001b[0mnext\n`);
    expect(format([line('x', 'web')]).slice(0, 5)).not.toBe(first.slice(0, 5));
  });

  it.each([
    ['\u001b]0;title\u0007text', 'text\u001b[0m\n'],
    ['\u001b[2J\u001b[Htext', 'text\u001b[0m\n'],
    ['a\u001b[31m\rb\nc', 'a\u001b[31m b c\u001b[0m\n'],
    ['\u202eevil', '\ufffdevil\n'],
  ])('a gateway that sends other sequences than colors controls no terminal: %j', (text, shown) => {
    expect(createTextFormat({ hasPrefix: false, isColored: true })([line(text)])).toBe(shown);
  });

  it('commands of CI systems are disabled, also in names', () => {
    expect(createTextFormat({ ...PLAIN, hasPrefix: false })([line('::error::x ##[group]')])).toBe(
      ': :error::x # #[group]\n',
    );
    expect(createTextFormat(PLAIN)([line('::error::x', '::add-mask::')])).toBe(
      ': :add-mask:: │ ::error::x\n',
    );
  });
});

describe('lines of logs as JSON', () => {
  it('a line has its Session and its plain text', () => {
    const text = formatJson([line('\u001b[31mred\u001b[0m\u2028##[group]')]);
    expect(text).not.toContain('##[');
    expect(JSON.parse(text)).toEqual({
      session: 'a/Tiltfile',
      time: '2026-11-22T12:00:00.000001Z',
      level: 'INFO',
      resource: 'api',
      target: null,
      text: 'red\u2028##[group]',
    });
  });
});
