import { describe, expect, it } from 'vitest';
import { terminalText } from '../../src/cli/terminal-text.js';

describe('terminalText', () => {
  it.each([
    ['leaves what is harmless', 'api:serve 日本 é', 'api:serve 日本 é'],
    ['makes one line of many', 'one\r\n two\u2028three\n', 'one two three'],
    ['shows escape sequences instead of sending them', '\u001b[2J\u001b]0;t\u0007', '␛[2J␛]0;t␇'],
    ['knows the control characters beyond ASCII', 'a\u007f\u009b2Jb', 'a␡\ufffd2Jb'],
    ['keeps text from running backwards', 'a\u202eb\u2066c', 'a\ufffdb\ufffdc'],
    ['makes a tab a space', 'a\tb', 'a b'],
  ])('%s', (_, text, expected) => {
    expect(terminalText(text)).toBe(expected);
  });
});
